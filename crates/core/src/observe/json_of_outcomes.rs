//! Replies and errors as JSON, with the same names in every language.

use super::json::{milliseconds, number, object, object_of, of_duration};
use crate::model::{Attempt, Closed, Error, Greeting, Handoff, Operation, Reply};
use serde_json::{Map, Value};
use std::time::Duration;

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
            ("headers", of_headers(&mut self.headers())),
        ])
    }
}

impl Handoff {
    /// Its parts and the whole of it, as a JSON object: `destination`, `reason`, `raw`. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        object([
            ("destination", self.destination().into()),
            ("reason", self.reason().into()),
            ("raw", self.raw().clone()),
        ])
    }
}

/// What each kind of answer says in fields of its own, and what all of them have.
macro_rules! answer_to_json {
    ($answer:ident, $operation:ident, |$it:ident| [$($own:expr),*]) => {
        impl $answer {
            /// All of it as a JSON object, what is absent as `null`; `raw_json` is the answer's own text. Since 0.1.0.
            ///
            /// `headers` is an array of pairs: the name, and the value as text, or as an array of its bytes where it is not UTF-8.
            #[must_use]
            pub fn to_json(&self) -> Value {
                let $it = self;
                let mut fields = vec![("operation", Operation::$operation.name().into()), $($own),*];
                fields.extend(in_common(
                    self.raw(),
                    self.unknown_fields(),
                    self.correlation_id(),
                    self.elapsed(),
                    &mut self.headers(),
                ));
                object_of(fields)
            }
        }
    };
}

answer_to_json!(Greeting, Create, |it| [
    ("response", it.response().into()),
    ("conversation_id", it.conversation_id().into()),
    ("user_id", it.user_id().into())
]);

answer_to_json!(Reply, Respond, |it| [
    ("response", it.response().into()),
    ("conversation_id", it.conversation_id().into()),
    ("end_conversation", it.end_conversation().into()),
    ("handoff", it.handoff().map(Handoff::to_json).into())
]);

answer_to_json!(Closed, Close, |it| [("was_over", it.was_over().into())]);

fn in_common(
    raw: &str,
    unknown_fields: Map<String, Value>,
    correlation_id: &str,
    elapsed: Duration,
    headers: &mut dyn Iterator<Item = (&str, &[u8])>,
) -> [(&'static str, Value); 5] {
    [
        ("raw_json", raw.into()),
        ("unknown_fields", unknown_fields.into()),
        ("correlation_id", correlation_id.into()),
        ("elapsed_us", of_duration(Some(elapsed))),
        ("headers", of_headers(headers)),
    ]
}

fn of_headers(headers: &mut dyn Iterator<Item = (&str, &[u8])>) -> Value {
    headers
        .map(|(name, value)| {
            let value = match std::str::from_utf8(value) {
                Ok(text) => text.into(),
                Err(_) => value.iter().map(|byte| number(u64::from(*byte))).collect(),
            };
            Value::Array(vec![name.into(), value])
        })
        .collect()
}
