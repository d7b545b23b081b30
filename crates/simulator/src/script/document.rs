use super::Script;
use super::conversation_entries::{self, ConversationEntry};
use super::conversations::ScriptedConversations;
use super::error::ScriptError;
use super::position::Source;
use super::rules::{Greeting, Rule, Trigger};
use super::template::{Names, Template};
use crate::fault::Fault;
use crate::settings::Dialect;
use regex::RegexBuilder;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;
use toml::Spanned;

/// The script as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    greeting: Option<Spanned<String>>,
    default_reply: Option<Spanned<String>>,
    delay_ms: Option<u64>,
    dialect: Option<Dialect>,
    strict: Option<Spanned<bool>>,
    #[serde(default)]
    greetings: Vec<GreetingEntry>,
    #[serde(default)]
    rules: Vec<Spanned<RuleEntry>>,
    #[serde(default)]
    conversations: Vec<Spanned<ConversationEntry>>,
    #[serde(default)]
    faults: Vec<Spanned<Fault>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GreetingEntry {
    text: Spanned<String>,
    variant_id: Option<String>,
    #[serde(default)]
    attributes: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    pattern: Option<Spanned<String>>,
    #[serde(default)]
    case_sensitive: bool,
    message: Option<MissingMessage>,
    reply: Spanned<String>,
    #[serde(default)]
    end: bool,
    handoff: Option<Map<String, Value>>,
    delay_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MissingMessage {
    Absent,
    Empty,
}

impl Document {
    pub(super) fn check(self, source: &Source<'_>) -> Result<Script, ScriptError> {
        let faults = self
            .faults
            .into_iter()
            .map(|entry| match entry.get_ref().check() {
                Ok(()) => Ok(entry.into_inner()),
                Err(error) => Err(source.error_at(entry.span().start, error.to_string())),
            })
            .collect::<Result<_, _>>()?;
        let delay = self.delay_ms.map(Duration::from_millis).unwrap_or_default();
        if self.conversations.is_empty() {
            if let Some(strict) = &self.strict {
                return Err(source.error_at(
                    strict.span().start,
                    "`strict` is about [[conversations]], and there are none",
                ));
            }
            match (&self.greeting, &self.default_reply) {
                (Some(_), Some(_)) => {}
                (None, None) if self.greetings.is_empty() && self.rules.is_empty() => {
                    return Ok(Script {
                        faults,
                        delay,
                        dialect: self.dialect,
                        ..Script::built_in()
                    });
                }
                (greeting, _) => {
                    let missing = if greeting.is_none() {
                        "greeting"
                    } else {
                        "default_reply"
                    };
                    return Err(source.error_at(
                        0,
                        format!(
                            "`{missing}` is missing; only a script without greetings and rules, or one with \
                             conversations, can do without it"
                        ),
                    ));
                }
            }
        }
        let optional_template = |text: Option<Spanned<String>>| {
            text.map(|text| template(source, &text, &Names::without_pattern()))
                .transpose()
        };
        let greets = self.greeting.is_some();
        Ok(Script {
            conversations: ScriptedConversations {
                list: conversation_entries::check(self.conversations, greets, source)?,
                strict: self.strict.is_some_and(Spanned::into_inner),
            },
            greeting: optional_template(self.greeting)?.unwrap_or_default(),
            default_reply: optional_template(self.default_reply)?,
            delay,
            dialect: self.dialect,
            greetings: self
                .greetings
                .into_iter()
                .map(|entry| entry.check(source))
                .collect::<Result<_, _>>()?,
            rules: self
                .rules
                .into_iter()
                .map(|entry| check_rule(entry, source))
                .collect::<Result<_, _>>()?,
            faults,
        })
    }
}

impl GreetingEntry {
    fn check(self, source: &Source<'_>) -> Result<Greeting, ScriptError> {
        if self.variant_id.is_none() && self.attributes.is_empty() {
            return Err(source.error_at(
                self.text.span().start,
                "this greeting needs `variant_id` or `attributes`; the one for everybody else is `greeting` at the top",
            ));
        }
        if self.attributes.values().any(holds_date) {
            return Err(source.error_at(
                self.text.span().start,
                format!("`attributes` of this greeting: {NO_DATES}"),
            ));
        }
        Ok(Greeting {
            text: template(source, &self.text, &Names::without_pattern())?,
            variant_id: self.variant_id,
            attributes: self.attributes,
        })
    }
}

fn check_rule(entry: Spanned<RuleEntry>, source: &Source<'_>) -> Result<Rule, ScriptError> {
    let start = entry.span().start;
    let entry = entry.into_inner();
    let (trigger, names) = match (&entry.pattern, entry.message) {
        (Some(pattern), None) => {
            let regex = RegexBuilder::new(pattern.get_ref())
                .case_insensitive(!entry.case_sensitive)
                .build()
                .map_err(|error| {
                    source.error_at(
                        pattern.span().start,
                        format!(
                            "the pattern is not a regular expression: {}",
                            reason(&error)
                        ),
                    )
                })?;
            let names = Names::of(&regex);
            (Trigger::Pattern(regex), names)
        }
        (None, Some(MissingMessage::Absent)) => (Trigger::Absent, Names::without_pattern()),
        (None, Some(MissingMessage::Empty)) => (Trigger::Empty, Names::without_pattern()),
        (None, None) => {
            return Err(source.error_at(
                start,
                "this rule needs `pattern`, or `message = \"absent\"` or `message = \"empty\"`",
            ));
        }
        (Some(pattern), Some(_)) => {
            return Err(source.error_at(
                pattern.span().start,
                "this rule has both `pattern` and `message`; it can have only one of them",
            ));
        }
    };
    if entry.handoff.iter().flat_map(Map::values).any(holds_date) {
        return Err(source.error_at(start, format!("`handoff` of this rule: {NO_DATES}")));
    }
    Ok(Rule {
        trigger,
        reply: template(source, &entry.reply, &names)?,
        end: entry.end,
        handoff: entry.handoff.map(Value::Object),
        delay: entry.delay_ms.map(Duration::from_millis),
    })
}

pub(super) const NO_DATES: &str = "JSON has no dates; write the date in quotes";

/// The toml crate hands dates on as an object with this name.
pub(super) fn holds_date(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.contains_key("$__toml_private_datetime") || fields.values().any(holds_date)
        }
        Value::Array(values) => values.iter().any(holds_date),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// What the regex crate says, without the drawing of the pattern above it.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once("error: ") {
        Some((_, reason)) => reason.to_owned(),
        None => text,
    }
}

pub(super) fn template(
    source: &Source<'_>,
    text: &Spanned<String>,
    names: &Names,
) -> Result<Template, ScriptError> {
    Template::parse(text.get_ref(), names)
        .map_err(|message| source.error_at(text.span().start, message))
}
