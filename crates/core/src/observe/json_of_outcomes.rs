//! Replies and errors as JSON, with the same names in every language.

use super::json::{microseconds, milliseconds, object};
use crate::model::{Attempt, Closed, Error, Greeting, Handoff, Operation, Reply};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

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
            ("headers", value(&Pairs(self.headers()))),
        ])
    }
}

impl Handoff {
    /// Its parts and the whole of it, as a JSON object: `destination`, `reason`, `raw`. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        value(&Json(self))
    }
}

/// Something of ours, for `serde_json` alone: numbers that are kept with all their digits have no meaning to others.
struct Json<'a, T>(&'a T);

impl Serialize for Json<'_, Handoff> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("destination", &self.0.destination())?;
        fields.serialize_entry("reason", &self.0.reason())?;
        fields.serialize_entry("raw", self.0.raw())?;
        fields.end()
    }
}

/// What each kind of answer says in fields of its own, and what all of them have.
macro_rules! answer_to_json {
    ($answer:ident, $operation:ident, |$it:ident| [$(($name:literal, $own:expr)),*]) => {
        impl Serialize for Json<'_, $answer> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $it = self.0;
                let mut fields = serializer.serialize_map(None)?;
                fields.serialize_entry("operation", Operation::$operation.name())?;
                $(fields.serialize_entry($name, &$own)?;)*
                fields.serialize_entry("raw_json", $it.raw())?;
                fields.serialize_entry("unknown_fields", &$it.unknown_fields())?;
                fields.serialize_entry("correlation_id", $it.correlation_id())?;
                fields.serialize_entry("elapsed_us", &microseconds($it.elapsed()))?;
                fields.serialize_entry("headers", &Pairs($it.headers()))?;
                fields.end()
            }
        }

        impl $answer {
            /// All of it as a JSON object, what is absent as `null`; `raw_json` is the answer's own text. Since 0.1.0.
            ///
            /// `headers` is an array of pairs: the name, and the value as text, or as an array of its bytes where it is not UTF-8.
            #[must_use]
            pub fn to_json(&self) -> Value {
                value(&Json(self))
            }

            /// The text of [`to_json`](Self::to_json), without a tree of values on the way: for other languages, with every turn.
            #[doc(hidden)]
            #[must_use]
            pub fn json_text(&self) -> String {
                serde_json::to_string(&Json(self)).unwrap_or_default()
            }
        }
    };
}

answer_to_json!(Greeting, Create, |it| [
    ("response", it.response()),
    ("conversation_id", it.conversation_id()),
    ("user_id", it.user_id())
]);

answer_to_json!(Reply, Respond, |it| [
    ("response", it.response()),
    ("conversation_id", it.conversation_id()),
    ("end_conversation", it.end_conversation()),
    ("handoff", it.handoff().map(Json))
]);

answer_to_json!(Closed, Close, |it| [("was_over", it.was_over())]);

/// It never fails: all keys are texts, and nothing here refuses to be written.
fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// Headers as an array of pairs.
struct Pairs<I>(I);

impl<'a, I: Iterator<Item = (&'a str, &'a [u8])> + Clone> Serialize for Pairs<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let headers = self.0.clone();
        serializer.collect_seq(headers.map(|(name, value)| (name, HeaderValue(value))))
    }
}

/// A header's value: a text if it is UTF-8, else an array of its bytes.
struct HeaderValue<'a>(&'a [u8]);

impl Serialize for HeaderValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_seq(self.0),
        }
    }
}
