//! The one table of what the body of a request can hold. Setting by name, the check of a dialect, the body itself, and every list
//! of fields in other languages come from it.

use crate::model::{Dialect, Error, ErrorKind, Operation};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use std::fmt;

/// A field of a request's body. The order is that in which they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    UserId,
    Message,
    IntegrationAttributes,
    Metadata,
    VariantId,
    Channel,
    AsrLangCode,
    TtsLangCode,
    Extra,
}

/// One field of a request, as it can be set by name. Since 0.1.0.
pub struct RequestField {
    /// The service's own name.
    pub name: &'static str,
    /// Whether it holds a JSON object; a text otherwise.
    pub is_json: bool,
    /// The operations that have it in the dialect `current`.
    pub current: &'static [Operation],
    /// The operations that have it in the dialect `legacy`.
    pub legacy: &'static [Operation],
    /// What it is for, in one sentence.
    pub summary: &'static str,
    field: Field,
}

const NONE: &[Operation] = &[];
const CREATE: &[Operation] = &[Operation::Create];
const RESPOND: &[Operation] = &[Operation::Respond];
const BOTH: &[Operation] = &[Operation::Create, Operation::Respond];
const ALL: &[Operation] = &[Operation::Create, Operation::Respond, Operation::Close];

const fn text(
    field: Field,
    name: &'static str,
    current: &'static [Operation],
    legacy: &'static [Operation],
    summary: &'static str,
) -> RequestField {
    RequestField {
        name,
        is_json: false,
        current,
        legacy,
        summary,
        field,
    }
}

const fn object(
    field: Field,
    name: &'static str,
    current: &'static [Operation],
    legacy: &'static [Operation],
    summary: &'static str,
) -> RequestField {
    RequestField {
        is_json: true,
        ..text(field, name, current, legacy, summary)
    }
}

const FIELDS: usize = 9;

/// Every field of a request. Since 0.1.0.
#[rustfmt::skip] // one field, one line
pub const REQUEST_FIELDS: &[RequestField; FIELDS] = &[
    text(Field::UserId, "user_id", NONE, CREATE, "Who the session belongs to, unique per session; a new UUID v4 when not given."),
    text(Field::Message, "message", RESPOND, BOTH, "What the customer says; may be empty."),
    object(Field::IntegrationAttributes, "integration_attributes", BOTH, NONE, "What the agent may know about the caller."),
    object(Field::Metadata, "metadata", RESPOND, CREATE, "What goes with the conversation (create) or with this message (respond)."),
    text(Field::VariantId, "variant_id", CREATE, NONE, "The variant of the agent, for the whole conversation."),
    text(Field::Channel, "channel", CREATE, NONE, "The channel: `webchat`, `whatsapp`, `sms`, `api`, or a newer one."),
    text(Field::AsrLangCode, "asr_lang_code", BOTH, NONE, "The language of what the customer writes, such as `en-US`."),
    text(Field::TtsLangCode, "tts_lang_code", BOTH, NONE, "The language of what the agent answers, such as `en-US`."),
    object(Field::Extra, "extra", ALL, BOTH, "Fields that this library does not know, merged into the body."),
];

impl RequestField {
    /// The field of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        REQUEST_FIELDS.iter().find(|field| field.name == name)
    }

    /// Whether the operation has it, in either dialect. Since 0.1.0.
    #[must_use]
    pub fn is_of(&self, operation: Operation) -> bool {
        self.current.contains(&operation) || self.legacy.contains(&operation)
    }

    fn is_in(&self, dialect: Dialect, operation: Operation) -> bool {
        match dialect {
            Dialect::Current => self.current.contains(&operation),
            Dialect::Legacy => self.legacy.contains(&operation),
        }
    }

    pub(crate) fn field(&self) -> Field {
        self.field
    }
}

/// What the fields of one request hold.
#[derive(Clone, Default)]
pub(crate) struct Fields([Option<Value>; FIELDS]);

/// Says which fields are set, and nothing of what they hold.
impl fmt::Debug for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.set_though_not(|_| false))
            .finish()
    }
}

impl Fields {
    pub(crate) fn set(&mut self, field: Field, value: Value) {
        if let Some(place) = self.0.get_mut(field as usize) {
            *place = Some(value);
        }
    }

    pub(crate) fn get(&self, field: Field) -> Option<&Value> {
        self.0.get(field as usize)?.as_ref()
    }

    pub(crate) fn text(&self, field: Field) -> Option<&str> {
        self.get(field)?.as_str()
    }

    /// Adds one entry to a field that holds an object.
    pub(crate) fn add(&mut self, field: Field, name: String, value: Value) {
        if let Some(place) = self.0.get_mut(field as usize)
            && let Value::Object(entries) = place.get_or_insert_with(|| Value::Object(Map::new()))
        {
            entries.insert(name, value);
        }
    }

    /// The names of the fields that are set, but for those that are allowed.
    fn set_though_not(&self, allowed: impl Fn(&RequestField) -> bool) -> Vec<&'static str> {
        let is_refused = |field: &&RequestField| self.get(field.field).is_some() && !allowed(field);
        let refused = REQUEST_FIELDS.iter().filter(is_refused);
        refused.map(|field| field.name).collect()
    }

    /// Refuses a field that the operation does not have in either dialect. The message of a respond is an argument of its own
    /// everywhere, so it is none of those that are set by name.
    pub(crate) fn check_operation(&self, operation: Operation) -> Result<(), Error> {
        let is_settable = |field: &RequestField| {
            field.is_of(operation)
                && (operation != Operation::Respond || field.field != Field::Message)
        };
        let Some(name) = self.set_though_not(is_settable).pop() else {
            return Ok(());
        };
        let known = REQUEST_FIELDS.iter().filter(|field| is_settable(field));
        let known: Vec<_> = known.map(|field| field.name).collect();
        Err(Error::invalid_argument(format!(
            "{name} is not a field that a {operation} can be given by name; those are {}",
            known.join(", ")
        )))
    }

    /// Refuses what cannot be sent: a field that the operation does not have in this dialect, an object that is none, an extra
    /// field that this library knows.
    pub(crate) fn check(&self, dialect: Dialect, operation: Operation) -> Result<(), Error> {
        let refused = self.set_though_not(|field| field.is_in(dialect, operation));
        if !refused.is_empty() {
            let message = format!(
                "{} does not exist on {operation} in the {} dialect; leave it out or choose the other dialect",
                refused.join(", "),
                dialect.name()
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        for field in REQUEST_FIELDS.iter().filter(|field| field.is_json) {
            if let Some(value) = self.get(field.field).filter(|value| !value.is_object()) {
                return Err(not_an_object(field.name, value));
            }
        }
        let is_known = |name: &&String| {
            *name == "conversation_id" && operation != Operation::Create
                || RequestField::named(name).is_some_and(|field| field.is_of(operation))
        };
        let extra = self.get(Field::Extra).and_then(Value::as_object);
        match extra.and_then(|extra| extra.keys().find(is_known)) {
            Some(name) => Err(Error::invalid_argument(format!(
                "extra must not hold {name:?}: this library knows that field; set it by its own name"
            ))),
            None => Ok(()),
        }
    }
}

pub(crate) fn not_an_object(name: &str, value: &Value) -> Error {
    let given = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Error::invalid_argument(format!(
        "{name} must be a JSON object, such as {{\"name\": \"value\"}}, not {given}"
    ))
}

/// The body of a request: the conversation, what is set, and the extra fields beside it.
pub(crate) struct Body<'a> {
    pub(crate) conversation_id: Option<&'a str>,
    pub(crate) fields: &'a Fields,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        if let Some(id) = self.conversation_id {
            body.serialize_entry("conversation_id", id)?;
        }
        for field in REQUEST_FIELDS {
            match self.fields.get(field.field) {
                Some(Value::Object(extra)) if field.field == Field::Extra => {
                    for (name, value) in extra {
                        body.serialize_entry(name, value)?;
                    }
                }
                Some(value) => body.serialize_entry(field.name, value)?,
                None => {}
            }
        }
        body.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_field_at_its_place() {
        for (place, field) in REQUEST_FIELDS.iter().enumerate() {
            assert_eq!(field.field as usize, place, "{}", field.name);
        }
    }
}
