use super::{Decision, text};
use crate::records::Conversation;
use crate::settings::Dialect;
use crate::shared::Shared;
use crate::wire::reply::Reply;
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;

pub(super) fn create(shared: &Shared, fields: Map<String, Value>) -> Decision {
    let dialect = shared.settings.dialect;
    let id = new_id(dialect);
    let nothing = Map::new();
    let response = shared.script.greeting(
        text(&fields, "variant_id").filter(|_| dialect == Dialect::Current),
        attributes(dialect, &fields).unwrap_or(&nothing),
        &id,
    );
    shared.change(|state| {
        state.records.counts.created += 1;
        state
            .records
            .conversations
            .add(Conversation::new(id.clone(), fields, response.clone()));
    });
    Decision {
        reply: Reply::json(200, json!({"conversation_id": &id, "response": response})),
        thinking: Duration::ZERO,
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
