//! Replies and errors as JSON, with the same names in every language.

use super::json::{microseconds, milliseconds, object};
use crate::model::{Attempt, Closed, Error, Greeting, Handoff, Headers, Operation, Reply};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

impl Error {
    /// All of it as a JSON object, what is not known as `null`. What is hidden in the error's text is hidden in `text`, `message`,
    /// `service_message`, `cause` and `attempts`. Since 0.1.0.
    ///
    /// `headers` is an array of pairs: the name, and the value as text, or as an array of its bytes where it is not UTF-8.
    #[must_use]
    pub fn to_json(&self) -> Value {
        object([
            ("kind", self.kind().name().into()),
            ("number", self.kind().number().into()),
            ("delivery", self.delivery().name().into()),
            ("may_resend", self.may_resend().into()),
            ("phase", self.phase().name().into()),
            ("message", self.message().into()),
            ("text", self.to_string().into()),
            ("http_status", self.status().into()),
            ("error_code", self.error_code().into()),
            ("service_message", self.service_message().into()),
            ("correlation_id", self.correlation_id().into()),
            (
                "retry_after_ms",
                self.retry_after().map(milliseconds).into(),
            ),
            ("body_excerpt", self.body_excerpt().into()),
            ("cause", self.causes().into()),
            (
                "attempts",
                self.attempts().iter().map(Attempt::to_json).collect(),
            ),
            ("headers", value(&Part::Headers(self.all_headers()))),
        ])
    }
}

impl Handoff {
    /// Its parts and the whole of it, as a JSON object: `destination`, `reason`, `raw`. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        value(&Part::Handoff(Some(self)))
    }
}

/// What each kind of answer says in fields of its own, and what all of them have.
macro_rules! answer_to_json {
    ($answer:ident, $operation:ident, |$it:ident| [$(($name:literal, $own:expr)),*]) => {
        impl $answer {
            /// All of it as a JSON object, what is absent as `null`; `raw_json` is the answer's own text. Since 0.1.0.
            ///
            /// `headers` is an array of pairs: the name, and the value as text, or as an array of its bytes where it is not UTF-8.
            #[must_use]
            pub fn to_json(&self) -> Value {
                self.with_parts(value)
            }

            /// The text of [`to_json`](Self::to_json), without a tree of values on the way: for other languages, with every turn.
            #[doc(hidden)]
            #[must_use]
            pub fn json_text(&self) -> String {
                self.with_parts(text)
            }

            fn with_parts<T>(&self, read: fn(&Part<'_>) -> T) -> T {
                let $it = self;
                read(&Part::Object(&[
                    ("operation", Part::Text(Some(Operation::$operation.name()))),
                    $(($name, $own),)*
                    ("raw_json", Part::Text(Some(self.raw()))),
                    ("unknown_fields", Part::Map(&self.unknown_fields())),
                    ("correlation_id", Part::Text(Some(self.correlation_id()))),
                    ("elapsed_us", Part::Number(microseconds(self.elapsed()))),
                    ("headers", Part::Headers(&self.answer.headers)),
                ]))
            }
        }
    };
}

answer_to_json!(Greeting, Create, |it| [
    ("response", Part::Text(Some(it.response()))),
    ("conversation_id", Part::Text(Some(it.conversation_id()))),
    ("user_id", Part::Text(it.user_id()))
]);

answer_to_json!(Reply, Respond, |it| [
    ("response", Part::Text(Some(it.response()))),
    ("conversation_id", Part::Text(Some(it.conversation_id()))),
    ("end_conversation", Part::Is(it.end_conversation())),
    ("handoff", Part::Handoff(it.handoff()))
]);

answer_to_json!(Closed, Close, |it| [("was_over", Part::Is(it.was_over()))]);

/// A part of an answer. One type for all of them: each way to write one is compiled once.
enum Part<'a> {
    Text(Option<&'a str>),
    Is(bool),
    Number(u64),
    Map(&'a Map<String, Value>),
    Handoff(Option<&'a Handoff>),
    /// As an array of pairs.
    Headers(&'a Headers),
    /// The value of a header: a text if it is UTF-8, else an array of its bytes.
    HeaderValue(&'a [u8]),
    Raw(&'a Value),
    Object(&'a [(&'a str, Part<'a>)]),
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Part::Text(text) => text.serialize(serializer),
            Part::Is(is) => serializer.serialize_bool(*is),
            Part::Number(number) => serializer.serialize_u64(*number),
            Part::Map(map) => map.serialize(serializer),
            Part::Handoff(None) => serializer.serialize_none(),
            Part::Handoff(Some(handoff)) => Part::Object(&[
                ("destination", Part::Text(handoff.destination())),
                ("reason", Part::Text(handoff.reason())),
                ("raw", Part::Raw(handoff.raw())),
            ])
            .serialize(serializer),
            Part::Headers(headers) => {
                let pairs = headers.iter();
                serializer.collect_seq(pairs.map(|(name, value)| (name, Part::HeaderValue(value))))
            }
            Part::HeaderValue(value) => match std::str::from_utf8(value) {
                Ok(text) => serializer.serialize_str(text),
                Err(_) => serializer.collect_seq(*value),
            },
            Part::Raw(value) => value.serialize(serializer),
            Part::Object(parts) => {
                serializer.collect_map(parts.iter().map(|(name, part)| (name, part)))
            }
        }
    }
}

/// By its text: a second way to write each part would be more code.
fn value(part: &Part<'_>) -> Value {
    serde_json::from_str(&text(part)).unwrap_or_default()
}

/// It never fails: all keys are texts, and nothing here refuses to be written.
fn text(part: &Part<'_>) -> String {
    serde_json::to_string(part).unwrap_or_default()
}
