use super::close::find_open;
use super::create::attributes;
use super::refusal::Refusal;
use super::{Decision, TurnInFlight, substitute, text};
use crate::fault::Answer;
use crate::records::KEPT;
use crate::script::{self, Saying, Scene};
use crate::settings::{Dialect, Recording};
use crate::shared::Shared;
use crate::wire::reply::Reply;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Says that the script, not the service, refuses a message.
const OFF_SCRIPT: &str = "SIMULATOR_OFF_SCRIPT";

pub(super) fn respond(
    shared: &Arc<Shared>,
    fields: &Map<String, Value>,
    correlation_id: &str,
) -> Result<Decision, Refusal> {
    let dialect = shared.settings.dialect;
    let id = text(fields, "conversation_id").unwrap_or_default();
    let message = text(fields, "message");
    let reply = shared.change(|state| {
        let records = &mut state.records;
        let keeps_messages = records.recording == Recording::Full;
        let conversation = find_open(&shared.settings, &mut records.conversations, id)?;
        let mut known = attributes(dialect, &conversation.record.created_with)
            .cloned()
            .unwrap_or_default();
        if let Some(more) = fields
            .get("integration_attributes")
            .and_then(Value::as_object)
        {
            known.extend(more.clone());
        }
        let reply = shared.script.answer(
            &mut conversation.place,
            message,
            &Scene {
                message: message.unwrap_or_default(),
                turn: conversation.record.turns + 1,
                conversation_id: id,
                variant_id: text(&conversation.record.created_with, "variant_id")
                    .unwrap_or_default(),
                attributes: &known,
                captures: None,
            },
        );
        let saying = match reply {
            script::Reply::Said(saying) => saying,
            script::Reply::Answered(answer) => return Ok(Outcome::Answered(answer)),
            script::Reply::Refused(why) => return Err(Refusal::new(422, OFF_SCRIPT, why)),
        };
        conversation.turn_started();
        records.counts.turns += 1;
        let record = &mut conversation.record;
        if keeps_messages {
            if record.messages.len() >= KEPT {
                record.messages.pop_front();
            }
            record.messages.push_back(message.map(str::to_owned));
            if record.replies.len() >= KEPT {
                record.replies.pop_front();
            }
            record.replies.push_back(saying.text.clone());
        }
        record.ended |= saying.end;
        if saying.handoff.is_some() {
            record.handoff.clone_from(&saying.handoff);
        }
        Ok(Outcome::Said(saying))
    })?;
    let saying = match reply {
        Outcome::Said(saying) => saying,
        Outcome::Answered(answer) => {
            return Ok(Decision {
                reply: substitute::reply(&answer, substitute::SCRIPTED, correlation_id),
                thinking: Duration::ZERO,
                processed: false,
                conversation_id: Some(id.to_owned()),
                turn: None,
            });
        }
    };
    let thinking = saying.delay;
    Ok(Decision {
        reply: Reply::json(200, Value::Object(body(dialect, id, saying))),
        thinking,
        processed: true,
        conversation_id: Some(id.to_owned()),
        turn: Some(TurnInFlight {
            shared: Arc::clone(shared),
            conversation_id: id.to_owned(),
        }),
    })
}

/// What comes of a message that is not refused.
enum Outcome {
    Said(Saying),
    Answered(Answer),
}

fn body(dialect: Dialect, id: &str, saying: Saying) -> Map<String, Value> {
    let mut body = saying.fields;
    body.insert("response".to_owned(), saying.text.into());
    if saying.end || dialect == Dialect::Current {
        body.insert("end_conversation".to_owned(), saying.end.into());
    }
    if dialect == Dialect::Current {
        body.insert("conversation_id".to_owned(), id.into());
        body.extend(
            saying
                .handoff
                .map(|handoff| ("handoff".to_owned(), handoff)),
        );
    }
    body
}
