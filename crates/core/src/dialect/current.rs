//! The dialect `current`.

use super::fields::RespondReply;
use crate::model::{Handoff, Object, Unreadable, parse_with, value_of};
use serde::Deserialize;
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
    parse_with(body, |text| read_once(text, conversation_id))?
        .ok_or(Unreadable::OfAnotherConversation)
}

/// `None` where it is the reply of another conversation.
#[inline(never)]
fn read_once(text: &str, conversation_id: &str) -> Result<Option<RespondReply>, serde_json::Error> {
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
}

/// Whatever shape a handoff has, it is handed on; only `null` means that there is none.
fn read_handoff(raw: &str) -> Option<Handoff> {
    let value = value_of(raw);
    let fields = Object::read(raw).unwrap_or_default();
    (!value.is_null())
        .then(|| Handoff::new(fields.text("destination"), fields.text("reason"), value))
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
    fn a_handoff_is_handed_on_however_large_or_deep_it_is() {
        let read = |handoff: &str| {
            let body = format!(r#"{{"response": "r", "handoff": {handoff}}}"#);
            read_respond(&body, "c").unwrap().handoff.unwrap()
        };
        let numbers = r#"{"destination":"billing","order":89441100681234567890,"score":1.50}"#;
        let handoff = read(numbers);
        assert_eq!(handoff.raw().to_string(), numbers);
        assert_eq!(handoff.destination(), Some("billing"));
        let deep = format!(
            r#"{{"destination":"billing","x":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let handoff = read(&deep);
        assert_eq!(handoff.raw(), &json!(deep));
        assert_eq!(handoff.destination(), Some("billing"));
    }

    #[test]
    fn oddities_in_unknown_fields_do_not_spoil_a_reply() {
        for body in [
            "\u{feff}{\"response\": \"r\"}",
            r#"{"response": "r", "x": NaN, "y": [-Infinity]}"#,
            r#"{"response": 7, "response": "r"}"#,
            "{\"response\": \"r\", \"x\": \"a\nb\"}",
            r#"{"response": "r", "x": 1e999, "y": 89441100681234567890}"#,
        ] {
            assert_eq!(read_respond(body, "c").unwrap().response, "r", "{body}");
        }
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
