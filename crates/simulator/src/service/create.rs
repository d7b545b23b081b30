use super::{Decision, substitute, text};
use crate::records::Conversation;
use crate::script::Opening;
use crate::settings::Dialect;
use crate::shared::Shared;
use crate::wire::reply::Reply;
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;

pub(super) fn create(
    shared: &Shared,
    fields: Map<String, Value>,
    correlation_id: &str,
) -> Decision {
    let dialect = shared.settings.dialect;
    let id = new_id(dialect);
    let nothing = Map::new();
    let nth = shared.change(|state| state.records.next_opening());
    let opening = shared.script.open(
        nth,
        text(&fields, "variant_id").filter(|_| dialect == Dialect::Current),
        attributes(dialect, &fields).unwrap_or(&nothing),
        &id,
    );
    let (response, mut body, delay, place) = match opening {
        Opening::Answered(answer) => {
            return Decision {
                reply: substitute::reply(&answer, substitute::SCRIPTED, correlation_id),
                thinking: Duration::ZERO,
                processed: false,
                conversation_id: None,
                turn: None,
            };
        }
        Opening::Greeted {
            text,
            fields,
            delay,
            place,
        } => (text, fields, delay, place),
    };
    body.insert("conversation_id".to_owned(), json!(&id));
    body.insert("response".to_owned(), json!(&response));
    shared.change(|state| {
        state.records.counts.created += 1;
        state
            .records
            .conversations
            .add(Conversation::new(id.clone(), fields, response, place));
    });
    Decision {
        reply: Reply::json(200, Value::Object(body)),
        thinking: delay,
        processed: true,
        conversation_id: Some(id),
        turn: None,
    }
}

/// What a create request says about the caller, in the dialect's own field.
pub(super) fn attributes(
    dialect: Dialect,
    fields: &Map<String, Value>,
) -> Option<&Map<String, Value>> {
    let name = match dialect {
        Dialect::Current => "integration_attributes",
        Dialect::Legacy => "metadata",
    };
    fields.get(name).and_then(Value::as_object)
}

fn new_id(dialect: Dialect) -> String {
    let id = Uuid::new_v4();
    match dialect {
        Dialect::Current => id.to_string(),
        Dialect::Legacy => {
            let digits = id.simple().to_string();
            format!("WEBCHAT_{}", digits.get(..12).unwrap_or(&digits))
        }
    }
}
