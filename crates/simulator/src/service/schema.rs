//! Which fields a request body may and must have.

use super::refusal::Refusal;
use crate::operation::Operation;
use crate::settings::Dialect;
use serde_json::{Map, Value};

struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Object,
}

const fn optional(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
    }
}

const fn required(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
    }
}

const CURRENT_CREATE: &[Field] = &[
    optional("integration_attributes", Kind::Object),
    optional("variant_id", Kind::Text),
    optional("channel", Kind::Text),
    optional("asr_lang_code", Kind::Text),
    optional("tts_lang_code", Kind::Text),
];
const CURRENT_RESPOND: &[Field] = &[
    required("conversation_id", Kind::Text),
    optional("message", Kind::Text),
    optional("integration_attributes", Kind::Object),
    optional("metadata", Kind::Object),
    optional("asr_lang_code", Kind::Text),
    optional("tts_lang_code", Kind::Text),
];
const LEGACY_CREATE: &[Field] = &[
    required("user_id", Kind::Text),
    required("message", Kind::Text),
    required("metadata", Kind::Object),
];
const LEGACY_RESPOND: &[Field] = &[
    required("conversation_id", Kind::Text),
    required("message", Kind::Text),
];
const CLOSE: &[Field] = &[required("conversation_id", Kind::Text)];

/// The JSON object of a body. Only create can do without a body.
pub(super) fn object(operation: Operation, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() && operation == Operation::Create {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => Err(Refusal::schema(format!(
            "The body must be an object, not {}",
            kind_of(&other)
        ))),
        Err(error) => Err(Refusal::schema(format!("The body is not JSON: {error}"))),
    }
}

/// Checks the fields that are known; others are accepted as they are.
pub(super) fn check(
    dialect: Dialect,
    operation: Operation,
    fields: &Map<String, Value>,
) -> Result<(), Refusal> {
    let known = match (dialect, operation) {
        (Dialect::Current, Operation::Create) => CURRENT_CREATE,
        (Dialect::Current, Operation::Respond) => CURRENT_RESPOND,
        (Dialect::Legacy, Operation::Create) => LEGACY_CREATE,
        (Dialect::Legacy, Operation::Respond) => LEGACY_RESPOND,
        (_, Operation::Close) => CLOSE,
    };
    for field in known {
        let (wanted, fits): (_, fn(&Value) -> bool) = match field.kind {
            Kind::Text => ("a string", Value::is_string),
            Kind::Object => ("an object", Value::is_object),
        };
        match fields.get(field.name) {
            None if field.required => {
                return Err(Refusal::schema(format!(
                    "The field `{}` is required",
                    field.name
                )));
            }
            Some(value) if !fits(value) => {
                return Err(Refusal::schema(format!(
                    "The field `{}` must be {wanted}, not {}",
                    field.name,
                    kind_of(value)
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
