//! The dialect `current`.

use super::fields::{
    CREATE_FIELDS, CreateBody, RESPOND_FIELDS, RespondReply, extra_fields, object, refuse, to_json,
};
use crate::call::{Close, Create, Respond};
use crate::model::{Error, Handoff, Unreadable, parse};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;

#[derive(Serialize)]
struct CreateRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    integration_attributes: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asr_lang_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tts_lang_code: Option<&'a str>,
    #[serde(flatten)]
    extra: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct RespondRequest<'a> {
    conversation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration_attributes: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asr_lang_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tts_lang_code: Option<&'a str>,
    #[serde(flatten)]
    extra: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct CloseRequest<'a> {
    conversation_id: &'a str,
    #[serde(flatten)]
    extra: Option<&'a Map<String, Value>>,
}

pub(super) fn create_body(request: &Create) -> Result<CreateBody, Error> {
    refuse(
        "current",
        "create",
        &[
            ("user_id", request.user_id.is_some()),
            ("message", request.message.is_some()),
            ("metadata", request.metadata.is_some()),
        ],
    )?;
    let json = to_json(&CreateRequest {
        integration_attributes: object(
            "integration_attributes",
            request.integration_attributes.as_ref(),
        )?,
        variant_id: request.variant_id.as_deref(),
        channel: request.channel.as_deref(),
        asr_lang_code: request.asr_lang_code.as_deref(),
        tts_lang_code: request.tts_lang_code.as_deref(),
        extra: extra_fields(request.extra.as_ref(), CREATE_FIELDS)?,
    })?;
    Ok(CreateBody {
        json,
        user_id: None,
    })
}

pub(super) fn respond_body(conversation_id: &str, request: &Respond) -> Result<Vec<u8>, Error> {
    to_json(&RespondRequest {
        conversation_id,
        message: request.message.as_deref(),
        integration_attributes: object(
            "integration_attributes",
            request.integration_attributes.as_ref(),
        )?,
        metadata: object("metadata", request.metadata.as_ref())?,
        asr_lang_code: request.asr_lang_code.as_deref(),
        tts_lang_code: request.tts_lang_code.as_deref(),
        extra: extra_fields(request.extra.as_ref(), RESPOND_FIELDS)?,
    })
}

pub(super) fn close_body(conversation_id: &str, request: &Close) -> Result<Vec<u8>, Error> {
    to_json(&CloseRequest {
        conversation_id,
        extra: extra_fields(request.extra.as_ref(), &["conversation_id"])?,
    })
}

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

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn create_without_options_is_an_empty_object() {
        assert_eq!(text(create_body(&Create::new()).unwrap().json), "{}");
    }

    #[test]
    fn create_holds_what_was_set() {
        let request = Create::new()
            .attribute("customer_name", "Sam")
            .attribute("vip", true)
            .variant_id("evening")
            .channel("webchat")
            .asr_lang_code("en-GB")
            .tts_lang_code("cy-GB")
            .extra(json!({"new_field": [1]}));
        assert_eq!(
            serde_json::from_slice::<Value>(&create_body(&request).unwrap().json).unwrap(),
            json!({
                "integration_attributes": {"customer_name": "Sam", "vip": true},
                "variant_id": "evening",
                "channel": "webchat",
                "asr_lang_code": "en-GB",
                "tts_lang_code": "cy-GB",
                "new_field": [1]
            })
        );
    }

    #[test]
    fn a_message_an_empty_one_and_none_are_three_requests() {
        for (request, expected) in [
            (
                Respond::new("hi"),
                r#"{"conversation_id":"c","message":"hi"}"#,
            ),
            (Respond::new(""), r#"{"conversation_id":"c","message":""}"#),
            (Respond::without_message(), r#"{"conversation_id":"c"}"#),
        ] {
            assert_eq!(text(respond_body("c", &request).unwrap()), expected);
        }
    }

    #[test]
    fn what_is_not_an_object_or_already_known_is_refused() {
        for (result, expected) in [
            (
                respond_body("c", &Respond::new("x").metadata(json!([1]))),
                "metadata must be a JSON object",
            ),
            (
                respond_body("c", &Respond::new("x").extra(json!({"message": "y"}))),
                "must not hold \"message\"",
            ),
            (
                create_body(&Create::new().integration_attributes("Sam")).map(|body| body.json),
                "not a text",
            ),
            (
                create_body(&Create::new().user_id("u")).map(|body| body.json),
                "user_id does not exist on create in the current dialect",
            ),
            (
                close_body("c", &Close::new().extra(json!(7))),
                "extra must be a JSON object",
            ),
        ] {
            let error = result.unwrap_err();
            assert!(error.message().contains(expected), "{error}");
        }
    }

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
