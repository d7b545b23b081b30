//! Scripted conversations as they are written, and whether they can be held.

use super::conversations::{
    Expected, ScriptedConversation, ScriptedOpening, ScriptedReply, ScriptedTurn,
};
use super::document::{NO_DATES, holds_date, template};
use super::error::ScriptError;
use super::position::Source;
use super::template::{Names, Template};
use crate::fault::{Answer, Fault};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;
use toml::Spanned;

/// How often one entry may be meant at most.
const MOST_TIMES: u64 = 1_000;

/// The fields of a reply that have keys of their own.
pub(super) const KNOWN_FIELDS: [&str; 4] =
    ["response", "end_conversation", "conversation_id", "handoff"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConversationEntry {
    greeting: Option<Spanned<String>>,
    fields: Option<Map<String, Value>>,
    fields_json: Option<Spanned<String>>,
    delay_ms: Option<u64>,
    answer: Option<Answer>,
    times: Option<u64>,
    #[serde(default)]
    turns: Vec<Spanned<TurnEntry>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TurnEntry {
    message: Option<String>,
    #[serde(default)]
    no_message: bool,
    reply: Option<Spanned<String>>,
    #[serde(default)]
    end: bool,
    handoff: Option<Map<String, Value>>,
    handoff_json: Option<Spanned<String>>,
    fields: Option<Map<String, Value>>,
    fields_json: Option<Spanned<String>>,
    delay_ms: Option<u64>,
    answer: Option<Answer>,
    times: Option<u64>,
}

/// The conversations, those that are meant several times as often as that. `greets` says whether the script has a
/// greeting for those without one.
pub(super) fn check(
    entries: Vec<Spanned<ConversationEntry>>,
    greets: bool,
    source: &Source<'_>,
) -> Result<Vec<ScriptedConversation>, ScriptError> {
    let mut conversations = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        let start = entry.span().start;
        let entry = entry.into_inner();
        let wrong = |message: &str| source.error_at(start, message);
        let times =
            times(entry.times, entry.answer.is_some()).map_err(|message| wrong(&message))?;
        let opening = match (entry.greeting, entry.answer) {
            (Some(_), Some(_)) => {
                return Err(wrong(
                    "this conversation has both `greeting` and `answer`; keep one",
                ));
            }
            (None, Some(answer)) => {
                if !entry.turns.is_empty() {
                    return Err(wrong(
                        "`answer` stands in place of a conversation, so there can be no `turns`",
                    ));
                }
                check_answer(&answer).map_err(|message| wrong(&message))?;
                ScriptedOpening::Answer(answer)
            }
            (None, None) if !greets => {
                return Err(wrong(
                    "this conversation needs `greeting`, or the script one for all, or `answer` in place of both",
                ));
            }
            (greeting, None) => ScriptedOpening::Greeting {
                text: greeting
                    .map(|text| template(source, &text, &Names::without_pattern()))
                    .transpose()?,
                fields: fields(source, start, entry.fields, entry.fields_json)?,
                delay: Duration::from_millis(entry.delay_ms.unwrap_or(0)),
            },
        };
        let conversation = ScriptedConversation {
            number,
            opening,
            turns: check_turns(entry.turns, source)?,
        };
        conversations.extend(std::iter::repeat_n(conversation, times));
    }
    Ok(conversations)
}

fn check_turns(
    entries: Vec<Spanned<TurnEntry>>,
    source: &Source<'_>,
) -> Result<Vec<ScriptedTurn>, ScriptError> {
    let mut turns = Vec::new();
    let mut over = false;
    for (number, entry) in (1..).zip(entries) {
        let start = entry.span().start;
        let entry = entry.into_inner();
        if over {
            return Err(source.error_at(
                start,
                "this turn can never come: the one before it has `end = true`",
            ));
        }
        over = entry.end;
        let times = times(entry.times, entry.answer.is_some())
            .map_err(|message| source.error_at(start, message))?;
        let turn = check_turn(entry, number, start, source)?;
        turns.extend(std::iter::repeat_n(turn, times));
    }
    Ok(turns)
}

fn check_turn(
    entry: TurnEntry,
    number: usize,
    start: usize,
    source: &Source<'_>,
) -> Result<ScriptedTurn, ScriptError> {
    let wrong = |message: &str| source.error_at(start, message);
    let expected = match (entry.message, entry.no_message) {
        (Some(_), true) => {
            return Err(wrong(
                "this turn has both `message` and `no_message`; keep one",
            ));
        }
        (Some(message), false) => Expected::Message(message),
        (None, true) => Expected::NoMessage,
        (None, false) => Expected::Anything,
    };
    let speaks = entry.end
        || entry.delay_ms.is_some()
        || entry.handoff.is_some()
        || entry.handoff_json.is_some()
        || entry.fields.is_some()
        || entry.fields_json.is_some();
    let reply = match (entry.reply, entry.answer) {
        (Some(_), Some(_)) => {
            return Err(wrong("this turn has both `reply` and `answer`; keep one"));
        }
        (None, None) => {
            return Err(wrong(
                "this turn needs `reply`, or `answer` in the service's place",
            ));
        }
        (None, Some(_)) if speaks => {
            return Err(wrong(
                "only `message`, `no_message` and `times` can stand beside `answer`",
            ));
        }
        (None, Some(answer)) => {
            check_answer(&answer).map_err(|message| wrong(&message))?;
            ScriptedReply::Answer(answer)
        }
        (Some(reply), None) => ScriptedReply::Saying {
            text: reply_template(source, &reply)?,
            end: entry.end,
            handoff: handoff(source, start, entry.handoff, entry.handoff_json)?,
            fields: fields(source, start, entry.fields, entry.fields_json)?,
            delay: entry.delay_ms.map(Duration::from_millis),
        },
    };
    Ok(ScriptedTurn {
        number,
        expected,
        reply,
    })
}

fn reply_template(source: &Source<'_>, reply: &Spanned<String>) -> Result<Template, ScriptError> {
    template(source, reply, &Names::without_pattern())
}

fn times(times: Option<u64>, has_answer: bool) -> Result<usize, String> {
    match times {
        None => Ok(1),
        Some(_) if !has_answer => {
            Err("`times` is for `answer` only; write the others out one by one".to_owned())
        }
        Some(times @ 1..=MOST_TIMES) => Ok(usize::try_from(times).unwrap_or(1)),
        Some(times) => Err(format!("`times` is {times}, not from 1 to {MOST_TIMES}")),
    }
}

fn check_answer(answer: &Answer) -> Result<(), String> {
    if answer.processed {
        return Err(
            "`answer.processed` is for faults; a turn that is taken and its reply lost is `reply`, and a fault for it"
                .to_owned(),
        );
    }
    let fault = Fault::new(answer.clone()).check();
    fault.map_err(|error| format!("`answer` cannot be used: {}", error.reason))
}

fn handoff(
    source: &Source<'_>,
    start: usize,
    table: Option<Map<String, Value>>,
    text: Option<Spanned<String>>,
) -> Result<Option<Value>, ScriptError> {
    let handoff = table_or_json("handoff", source, start, table, text)?;
    match handoff {
        Some(Value::Null) => Err(source.error_at(
            start,
            "`handoff_json` is null, which is no handoff; leave it out",
        )),
        other => Ok(other),
    }
}

fn fields(
    source: &Source<'_>,
    start: usize,
    table: Option<Map<String, Value>>,
    text: Option<Spanned<String>>,
) -> Result<Map<String, Value>, ScriptError> {
    let fields = match table_or_json("fields", source, start, table, text)? {
        None => Map::new(),
        Some(Value::Object(fields)) => fields,
        Some(_) => {
            return Err(source.error_at(start, "`fields_json` must be a JSON object"));
        }
    };
    match KNOWN_FIELDS.iter().find(|name| fields.contains_key(**name)) {
        Some(name) => Err(source.error_at(
            start,
            format!("`fields` cannot hold `{name}`, which follows from the other keys"),
        )),
        None => Ok(fields),
    }
}

/// A value as a table, or as JSON for what TOML has no words for.
fn table_or_json(
    name: &str,
    source: &Source<'_>,
    start: usize,
    table: Option<Map<String, Value>>,
    text: Option<Spanned<String>>,
) -> Result<Option<Value>, ScriptError> {
    match (table, text) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(source.error_at(
            start,
            format!("there are both `{name}` and `{name}_json`; keep one"),
        )),
        (Some(table), None) if table.values().any(holds_date) => {
            Err(source.error_at(start, format!("`{name}`: {NO_DATES}")))
        }
        (Some(table), None) => Ok(Some(Value::Object(table))),
        (None, Some(text)) => serde_json::from_str(text.get_ref())
            .map(Some)
            .map_err(|error| {
                source.error_at(
                    text.span().start,
                    format!("`{name}_json` is not JSON: {error}"),
                )
            }),
    }
}
