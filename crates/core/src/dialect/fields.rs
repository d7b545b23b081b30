//! What the bodies of both dialects have in common.

use crate::model::{Error, ErrorKind, Handoff};
use serde_json::{Map, Value};

/// The body of a create, and the user id that it holds in the legacy dialect.
pub(crate) struct CreateBody {
    pub(crate) json: Vec<u8>,
    pub(crate) user_id: Option<String>,
}

#[derive(serde::Deserialize)]
pub(crate) struct CreateReply {
    pub(crate) conversation_id: String,
    pub(crate) response: String,
}

pub(crate) struct RespondReply {
    pub(crate) response: String,
    pub(crate) end_conversation: bool,
    pub(crate) handoff: Option<Handoff>,
}

#[derive(serde::Deserialize)]
pub(crate) struct CloseReply {
    pub(crate) success: bool,
}

/// The fields of requests that have a setter, in either dialect.
pub(super) const CREATE_FIELDS: &[&str] = &[
    "integration_attributes",
    "variant_id",
    "channel",
    "asr_lang_code",
    "tts_lang_code",
    "user_id",
    "message",
    "metadata",
];
pub(super) const RESPOND_FIELDS: &[&str] = &[
    "conversation_id",
    "message",
    "integration_attributes",
    "metadata",
    "asr_lang_code",
    "tts_lang_code",
];

/// An optional field that must be a JSON object.
pub(super) fn object<'a>(
    name: &str,
    value: Option<&'a Value>,
) -> Result<Option<&'a Map<String, Value>>, Error> {
    match value {
        None => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(other) => Err(Error::invalid_argument(format!(
            "{name} must be a JSON object, such as {{\"name\": \"value\"}}, not {}",
            type_name(other)
        ))),
    }
}

/// The caller's extra fields, none of which may be one that has a setter of its own.
pub(super) fn extra_fields<'a>(
    value: Option<&'a Value>,
    known: &[&str],
) -> Result<Option<&'a Map<String, Value>>, Error> {
    let fields = object("extra", value)?;
    let taken = fields.and_then(|fields| fields.keys().find(|name| known.contains(&name.as_str())));
    match taken {
        Some(name) => Err(Error::invalid_argument(format!(
            "extra must not hold {name:?}: this library knows that field; set it by its own name"
        ))),
        None => Ok(fields),
    }
}

/// Refuses what the chosen dialect does not have.
pub(super) fn refuse(dialect: &str, operation: &str, fields: &[(&str, bool)]) -> Result<(), Error> {
    let present: Vec<&str> = fields
        .iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| *name)
        .collect();
    if present.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unsupported,
        format!(
            "{} does not exist on {operation} in the {} dialect; leave it out or choose the other dialect",
            present.join(", "),
            dialect
        ),
    ))
}

pub(super) fn to_json(body: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|error| {
        Error::new(
            ErrorKind::Internal,
            "the request could not be written as JSON",
        )
        .with_source(error)
    })
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
