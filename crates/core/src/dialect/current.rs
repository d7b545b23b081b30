//! The dialect `current`.

use super::fields::RespondReply;
use crate::model::{Handoff, Unreadable, parse};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Text that is copied only where an escape makes that necessary.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Respondent<'a> {
    #[serde(borrow)]
    conversation_id: Option<Borrowed<'a>>,
    response: String,
    end_conversation: Option<bool>,
    #[serde(borrow)]
    handoff: Option<&'a RawValue>,
}

pub(super) fn read_respond(body: &str, conversation_id: &str) -> Result<RespondReply, Unreadable> {
    crate::model::parse_with(body, |text| {
        let reply: Respondent<'_> = serde_json::from_str(text)?;
        let id = reply.conversation_id;
        Ok(match id.is_none_or(|id| id.0 == conversation_id) {
            true => Some(RespondReply {
                response: reply.response,
                end_conversation: reply.end_conversation.unwrap_or(false),
                handoff: reply.handoff.and_then(|raw| read_handoff(raw.get())),
            }),
            false => None,
        })
    })?
    .ok_or(Unreadable::OfAnotherConversation)
}

/// Whatever shape a handoff has, it is handed on; only `null` means that there is none.
fn read_handoff(raw: &str) -> Option<Handoff> {
    // JSON that no value can hold, such as a number beyond all bounds, is handed on as its text.
    let value: Value = parse(raw).unwrap_or_else(|_| Value::String(raw.to_owned()));
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    (!value.is_null()).then(|| Handoff::new(text("destination"), text("reason"), value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn replies_keep_every_shape_of_handoff() {
        for (body, expected) in [
            (json!({"response": "r"}), None),
            (json!({"response": "r", "handoff": null}), None),
            (
                json!({"response": "r", "handoff": {"destination": "billing", "reason": "asked"}}),
                Some((Some("billing"), Some("asked"))),
            ),
            (
                json!({"response": "r", "handoff": {"destination": 7}}),
                Some((None, None)),
            ),
            (
                json!({"response": "r", "handoff": {"text_chat": {"zendesk_integration": {}}}}),
                Some((None, None)),
            ),
            (
                json!({"response": "r", "handoff": "queue"}),
                Some((None, None)),
            ),
            (json!({"response": "r", "handoff": []}), Some((None, None))),
        ] {
            let reply = read_respond(&body.to_string(), "c").unwrap();
            let seen = reply
                .handoff
                .as_ref()
                .map(|handoff| (handoff.destination(), handoff.reason()));
            assert_eq!(seen, expected, "{body}");
            assert_eq!(
                reply.handoff.map(|handoff| handoff.raw().clone()),
                body.get("handoff")
                    .filter(|value| !value.is_null())
                    .cloned()
            );
        }
    }

    #[test]
    fn a_handoff_that_no_value_can_hold_is_handed_on_as_text() {
        let reply =
            read_respond(r#"{"response": "r", "handoff": {"reason": 1e999}}"#, "c").unwrap();
        assert_eq!(reply.handoff.unwrap().raw(), &json!(r#"{"reason": 1e999}"#));
    }

    #[test]
    fn a_reply_without_what_it_must_have_is_unreadable() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"response": 7}"#,
            r#"{"response": "r", "end_conversation": "yes"}"#,
            r#"{"response": "r"} x"#,
            "<html>",
        ] {
            assert!(read_respond(body, "c").is_err(), "{body}");
        }
    }

    #[test]
    fn a_lone_surrogate_becomes_the_replacement_character() {
        let reply = read_respond(r#"{"response": "a\ud800b \ud83d\ude00 \\ud800 \u0000", "handoff": {"reason": "\udc00"}}"#, "c").unwrap();
        assert_eq!(reply.response, "a\u{fffd}b 😀 \\ud800 \0");
        assert_eq!(reply.handoff.unwrap().reason(), Some("\u{fffd}"));
    }
}
