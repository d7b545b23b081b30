use super::close::find_open;
use super::create::attributes;
use super::refusal::Refusal;
use super::{Decision, TurnInFlight, text};
use crate::records::KEPT;
use crate::script::Scene;
use crate::settings::{Dialect, Recording};
use crate::shared::Shared;
use crate::wire::reply::Reply;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) fn respond(
    shared: &Arc<Shared>,
    fields: &Map<String, Value>,
) -> Result<Decision, Refusal> {
    let dialect = shared.settings.dialect;
    let id = text(fields, "conversation_id").unwrap_or_default();
    let message = text(fields, "message");
    let saying = shared.change(|state| {
        let records = &mut state.records;
        let keeps_messages = records.recording == Recording::Full;
        let conversation = find_open(&shared.settings, &mut records.conversations, id)?;
        conversation.turn_started();
        records.counts.turns += 1;
        let record = &mut conversation.record;
        if keeps_messages {
            if record.messages.len() >= KEPT {
                record.messages.pop_front();
            }
            record.messages.push_back(message.map(str::to_owned));
        }
        let mut known = attributes(dialect, &record.created_with)
            .cloned()
            .unwrap_or_default();
        if let Some(more) = fields
            .get("integration_attributes")
            .and_then(Value::as_object)
        {
            known.extend(more.clone());
        }
        let saying = shared.script.answer(
            message,
            &Scene {
                message: message.unwrap_or_default(),
                turn: record.turns,
                conversation_id: id,
                variant_id: text(&record.created_with, "variant_id").unwrap_or_default(),
                attributes: &known,
                captures: None,
            },
        );
        if keeps_messages {
            if record.replies.len() >= KEPT {
                record.replies.pop_front();
            }
            record.replies.push_back(saying.text.clone());
        }
        record.ended |= saying.end;
        if saying.handoff.is_some() {
            record.handoff.clone_from(&saying.handoff);
        }
        Ok(saying)
    })?;

    let mut body = json!({"response": saying.text});
    if let Some(body) = body.as_object_mut() {
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
    }
    Ok(Decision {
        reply: Reply::json(200, body),
        thinking: saying.delay,
        processed: true,
        conversation_id: Some(id.to_owned()),
        turn: Some(TurnInFlight {
            shared: Arc::clone(shared),
            conversation_id: id.to_owned(),
        }),
    })
}
