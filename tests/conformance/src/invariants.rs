//! What holds for every answer in every language, whatever the case.

use crate::case::Dialect;
use polyai_chat_core::ErrorKind;
use serde_json::Value;

/// The fields of each kind of answer. A runner shows all of them, and no other.
const COMMON: &[&str] = &[
    "raw",
    "unknown_fields",
    "headers",
    "correlation_id",
    "elapsed_us",
];
const GREETING: &[&str] = &["response", "conversation_id", "user_id"];
const REPLY: &[&str] = &["response", "conversation_id", "end_conversation", "handoff"];
const CLOSED: &[&str] = &["was_over"];
const ERROR: &[&str] = &[
    "kind",
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
];

/// What is wrong with an answer by itself.
pub(crate) fn violations(answer: &Value, dialect: Dialect) -> Vec<String> {
    let mut wrong = Vec::new();
    for (kind, own) in [("greeting", GREETING), ("reply", REPLY), ("closed", CLOSED)] {
        if let Some(reply) = answer.get(kind) {
            wrong.extend(fields(kind, reply, &[own, COMMON].concat()));
            wrong.extend(of_a_reply(kind, reply, dialect));
        }
    }
    if let Some(error) = answer.get("error") {
        wrong.extend(fields("error", error, ERROR));
        wrong.extend(of_an_error(error));
    }
    wrong
}

fn fields(kind: &str, found: &Value, known: &[&str]) -> Vec<String> {
    let Some(found) = found.as_object() else {
        return vec![format!("{kind} is no object")];
    };
    let missing = known
        .iter()
        .filter(|name| !found.contains_key(**name))
        .map(|name| format!("{kind}.{name} is not shown"));
    let surplus = found
        .keys()
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| format!("{kind}.{name} is no field"));
    missing.chain(surplus).collect()
}

fn of_a_reply(kind: &str, reply: &Value, dialect: Dialect) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = |name: &str| reply.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("correlation_id").is_empty() {
        wrong.push(format!("{kind}.correlation_id is empty"));
    }
    if reply.get("elapsed_us").and_then(Value::as_u64).unwrap_or(0) == 0 {
        wrong.push(format!("{kind}.elapsed_us says that it took no time"));
    }
    match serde_json::from_str::<Value>(text("raw")) {
        Err(_) if text("raw").contains("\\ud") => {} // half a surrogate pair, which serde_json refuses
        Err(error) => wrong.push(format!("{kind}.raw is no JSON: {error}")),
        Ok(raw) => {
            for name in ["response", "conversation_id", "end_conversation"] {
                let (Some(shown), Some(sent)) = (reply.get(name), raw.get(name)) else {
                    continue;
                };
                if shown != sent {
                    wrong.push(format!(
                        "{kind}.{name} is {shown}, and the service sent {sent}"
                    ));
                }
            }
        }
    }
    let names: Vec<String> = header_names(reply);
    if !names.iter().any(|name| name == "x-polyai-correlation-id") && kind != "closed" {
        wrong.push(format!(
            "{kind}.headers lacks the correlation id: {names:?}"
        ));
    }
    if kind == "greeting"
        && reply.get("user_id").is_some_and(Value::is_null) == (dialect == Dialect::Legacy)
    {
        wrong.push(format!("{kind}.user_id does not fit the dialect"));
    }
    wrong
}

fn header_names(answer: &Value) -> Vec<String> {
    let headers = answer.get("headers").and_then(Value::as_array);
    headers
        .into_iter()
        .flatten()
        .filter_map(|pair| Some(pair.get(0)?.as_str()?.to_ascii_lowercase()))
        .collect()
}

fn of_an_error(error: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    if !ErrorKind::ALL
        .iter()
        .any(|kind| kind.name() == text("kind"))
    {
        wrong.push(format!("error.kind is {:?}, which is none", text("kind")));
    }
    if !["not_sent", "rejected", "unknown"].contains(&text("delivery")) {
        wrong.push(format!(
            "error.delivery is {:?}, which is none",
            text("delivery")
        ));
    }
    if error.get("may_resend") != Some(&Value::Bool(text("delivery") != "unknown")) {
        wrong.push("error.may_resend does not follow from its delivery".to_owned());
    }
    if text("message").is_empty() || !text("text").contains(text("message")) {
        wrong.push("error.text does not hold its message".to_owned());
    }
    let attempts = error.get("attempts").and_then(Value::as_array);
    let last = attempts.and_then(|attempts| attempts.last());
    if let Some(status) = last
        .and_then(|attempt| attempt.get("status"))
        .filter(|status| !status.is_null())
        && error.get("http_status") != Some(status)
        && text("kind") != "protocol"
    {
        wrong.push(format!(
            "error.http_status is not {status}, as in its last attempt"
        ));
    }
    wrong
}
