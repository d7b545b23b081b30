//! What holds for every answer in every language, whatever the case.

use crate::case::Dialect;
use crate::showing::Showing;
use polyai_chat_core::{Closed, ErrorKind, Greeting, Reply, plain_text};
use serde_json::{Map, Value};

/// The fields of each kind of answer. A runner shows all of them but those it hides, and no other.
const COMMON: &[&str] = &[
    "raw",
    "unknown_fields",
    "headers",
    "header",
    "correlation_id",
    "elapsed_us",
];
const GREETING: &[&str] = &["response", "plain_text", "conversation_id", "user_id"];
const REPLY: &[&str] = &[
    "response",
    "plain_text",
    "conversation_id",
    "end_conversation",
    "handoff",
];
const CLOSED: &[&str] = &["was_over"];
const HANDOFF: &[&str] = &["destination", "reason", "raw"];
const CONVERSATION: &[&str] = &["id", "greeting"];
const ERROR: &[&str] = &[
    "kind",
    "number",
    "delivery",
    "may_resend",
    "phase",
    "message",
    "text",
    "http_status",
    "error_code",
    "service_message",
    "correlation_id",
    "retry_after_ms",
    "body_excerpt",
    "cause",
    "attempts",
    "headers",
    "header",
];

/// The header that a runner looks up by its name, spelled unlike anybody else spells it.
const LOOKED_UP: &str = "x-polyai-correlation-id";

/// What is wrong with an answer by itself.
pub(crate) fn violations(answer: &Value, dialect: Dialect, showing: &Showing) -> Vec<String> {
    let mut check = Check {
        showing,
        wrong: Vec::new(),
    };
    if let Some(complaint) = answer.get("wrong") {
        check.wrong.push(format!("the runner says: {complaint}"));
    }
    for (kind, own, known) in [
        ("greeting", GREETING, Greeting::FIELDS),
        ("reply", REPLY, Reply::FIELDS),
        ("closed", CLOSED, Closed::FIELDS),
    ] {
        if let Some(reply) = answer.get(kind) {
            check.fields(kind, reply, &[own, COMMON].concat());
            check.reply(kind, reply, known);
        }
    }
    if let Some(greeting) = answer.get("greeting") {
        check.greeting(greeting, &answer["conversation"], dialect);
    } else if let Some(conversation) = answer.get("conversation") {
        // It was attached to: nobody knows how it began.
        let is_empty = conversation["greeting"] == "";
        check.that(is_empty, || format!("{conversation} has a greeting"));
    }
    if let Some(handoff) = answer.pointer("/reply/handoff").filter(|it| !it.is_null()) {
        check.fields("reply.handoff", handoff, HANDOFF);
        check.handoff(handoff);
    }
    if let Some(error) = answer.get("error") {
        check.fields("error", error, ERROR);
        check.error(error);
    }
    check.wrong
}

struct Check<'a> {
    showing: &'a Showing,
    wrong: Vec<String>,
}

impl Check<'_> {
    fn that(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(otherwise());
        }
    }

    fn fields(&mut self, kind: &str, found: &Value, known: &[&str]) {
        let Some(found) = found.as_object() else {
            return self.wrong.push(format!("{kind} is no object"));
        };
        for name in known {
            let path = format!("{kind}.{name}");
            let (shown, expected) = (found.contains_key(*name), self.showing.shows(&path));
            self.that(shown || !expected, || format!("{path} is not shown"));
            self.that(!shown || expected, || format!("{path} should be hidden"));
        }
        for name in found.keys().filter(|name| !known.contains(&name.as_str())) {
            self.wrong.push(format!("{kind}.{name} is no field"));
        }
    }

    /// What every answer of the service has, compared with the JSON and the headers that came.
    fn reply(&mut self, kind: &str, reply: &Value, known: &[&str]) {
        let text = |name: &str| reply.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(shown) = reply.get("plain_text") {
            let expected = plain_text(text("response"));
            self.that(*shown == expected, || {
                format!("{kind}.plain_text is {shown}, and not {expected:?}")
            });
        }
        if self.showing.shows(&format!("{kind}.correlation_id")) {
            let id = text("correlation_id");
            self.that(!id.is_empty(), || format!("{kind} has no correlation id"));
        }
        if self.showing.shows(&format!("{kind}.elapsed_us")) {
            let time = reply["elapsed_us"].as_u64().unwrap_or_default();
            self.that(time > 0, || format!("{kind} took no time"));
        }
        if self.showing.shows(&format!("{kind}.headers")) {
            self.headers(kind, reply);
            self.first_and_last_header(kind, reply);
            let names = header_values(reply, LOOKED_UP);
            self.that(names.len() == 1 || kind == "closed", || {
                format!("{kind}.headers has {} correlation ids", names.len())
            });
            self.that(
                names.is_empty() || names.contains(&text("correlation_id")),
                || format!("{kind}.correlation_id is not that of its headers"),
            );
        }
        if self.showing.shows(&format!("{kind}.raw")) {
            let length = text("raw").len();
            let sent = header_values(reply, "content-length").first().copied();
            // A byte order mark is no part of the text.
            let lengths = [length, length + "\u{feff}".len()].map(|length| length.to_string());
            self.that(lengths.iter().any(|length| sent == Some(length)), || {
                format!("{kind}.raw has {length} bytes, and the service sent {sent:?}")
            });
            match serde_json::from_str(text("raw")) {
                Ok(raw) => self.as_it_came(kind, reply, &raw, known),
                Err(_) if text("raw").contains("\\ud") => {} // half a surrogate pair, which serde_json refuses
                Err(error) => self.wrong.push(format!("{kind}.raw is no JSON: {error}")),
            }
        }
    }

    fn as_it_came(&mut self, kind: &str, reply: &Value, raw: &Map<String, Value>, known: &[&str]) {
        for name in ["response", "conversation_id", "end_conversation"] {
            if let (Some(shown), Some(sent)) = (reply.get(name), raw.get(name)) {
                self.that(shown == sent, || {
                    format!("{kind}.{name} is {shown}, and the service sent {sent}")
                });
            }
        }
        if let Some(shown) = reply.get("handoff") {
            let (shown, sent) = (&shown["raw"], raw.get("handoff").unwrap_or(&Value::Null));
            self.that(shown == sent, || {
                format!("{kind}.handoff.raw is {shown}, and the service sent {sent}")
            });
        }
        let mut unknown = raw.clone();
        unknown.retain(|name, _| !known.contains(&name.as_str()));
        let shown = &reply["unknown_fields"];
        self.that(shown.as_object() == Some(&unknown), || {
            format!("{kind}.unknown_fields is {shown}, and the service sent {unknown:?}")
        });
    }

    fn greeting(&mut self, greeting: &Value, conversation: &Value, dialect: Dialect) {
        if let Some(user_id) = greeting.get("user_id") {
            self.that(user_id.is_null() == (dialect == Dialect::Current), || {
                "greeting.user_id does not fit the dialect".to_owned()
            });
        }
        if self.showing.shows("conversation") {
            self.fields("conversation", conversation, CONVERSATION);
            let same = conversation["id"] == greeting["conversation_id"]
                && conversation["greeting"] == greeting["response"];
            self.that(same, || {
                format!("{conversation} is not the conversation of its greeting {greeting}")
            });
        }
    }

    fn handoff(&mut self, handoff: &Value) {
        for name in ["destination", "reason"] {
            let Some(shown) = handoff.get(name) else {
                continue;
            };
            let sent = &handoff["raw"][name];
            self.that(
                shown == sent || shown.is_null() && !sent.is_string(),
                || format!("reply.handoff.{name} is {shown}, and the service sent {sent}"),
            );
        }
    }

    fn headers(&mut self, kind: &str, answer: &Value) {
        let first = header_values(answer, LOOKED_UP).first().copied();
        let looked_up = answer["header"].as_str();
        self.that(first == looked_up, || {
            format!("{kind}: a header is {looked_up:?} by its name, and {first:?} in the list")
        });
    }

    /// The service's answers begin with their date, and end with their length.
    fn first_and_last_header(&mut self, kind: &str, answer: &Value) {
        for name in ["date", "content-length"] {
            self.that(header_values(answer, name).len() == 1, || {
                format!("{kind}.headers lacks {name}")
            });
        }
    }

    fn error(&mut self, error: &Value) {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = ErrorKind::ALL
            .iter()
            .find(|kind| kind.name() == text("kind"));
        match kind {
            Some(kind) if self.showing.shows("error.number") => {
                let number = &error["number"];
                self.that(*number == kind.number(), || {
                    format!(
                        "error.number is {number}, which is not that of {}",
                        kind.name()
                    )
                });
            }
            Some(_) => {}
            None => self
                .wrong
                .push(format!("error.kind is {:?}, which is none", text("kind"))),
        }
        let delivery = text("delivery");
        self.that(
            ["not_sent", "rejected", "unknown"].contains(&delivery),
            || format!("error.delivery is {delivery:?}, which is none"),
        );
        self.that(error["may_resend"] == (delivery != "unknown"), || {
            "error.may_resend does not follow from its delivery".to_owned()
        });
        self.that(!text("message").is_empty(), || {
            "error.message is empty".to_owned()
        });
        if self.showing.shows("error.text") {
            let is_text = text("message").starts_with(&format!("{}: ", text("kind")));
            self.that(!is_text, || "error.message begins as its text".to_owned());
            for part in ["message", "correlation_id"] {
                self.that(text("text").contains(text(part)), || {
                    format!("error.text does not hold its {part}")
                });
            }
        }
        let has_status = !error["http_status"].is_null();
        if self.showing.shows("error.headers") {
            self.headers("error", error);
            let none = error["headers"].as_array().is_none_or(Vec::is_empty);
            self.that(none != has_status, || {
                "error.headers are there without an answer, or lacking with one".to_owned()
            });
            if has_status {
                self.first_and_last_header("error", error);
            }
        }
        if self.showing.shows("error.attempts") {
            self.attempts(error);
        }
        let in_seconds = header_values(error, "retry-after")
            .first()
            .and_then(|seconds| seconds.parse::<u64>().ok());
        if let Some(seconds) = in_seconds {
            let shown = &error["retry_after_ms"];
            self.that(*shown == seconds * 1000, || {
                format!("error.retry_after_ms is {shown}, and the service said {seconds} s")
            });
        }
    }

    /// The attempts of a call are counted, are of one id, and end with what the error shows.
    fn attempts(&mut self, error: &Value) {
        let attempts = error["attempts"].as_array().cloned().unwrap_or_default();
        let numbers = attempts.iter().map(|attempt| attempt["number"].as_u64());
        self.that(numbers.eq((1..).take(attempts.len()).map(Some)), || {
            "error.attempts are not counted from 1".to_owned()
        });
        for attempt in &attempts {
            let id = &attempt["correlation_id"];
            self.that(*id == error["correlation_id"], || {
                format!("an attempt has the correlation id {id}, unlike its error")
            });
        }
        let Some(last) = attempts.last() else {
            let has_status = !error["http_status"].is_null();
            return self.that(!has_status, || {
                "error.http_status without an attempt".to_owned()
            });
        };
        let (status, shown) = (&last["status"], &error["http_status"]);
        self.that(status == shown || error["kind"] == "protocol", || {
            format!("error.http_status is {shown}, and that of its last attempt {status}")
        });
    }
}

fn header_values<'a>(answer: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = answer.get("headers").and_then(Value::as_array);
    headers
        .into_iter()
        .flatten()
        .filter(|pair| pair[0] == name)
        .filter_map(|pair| pair[1].as_str())
        .collect()
}
