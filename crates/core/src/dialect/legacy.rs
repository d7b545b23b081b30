//! The dialect `legacy`.

use super::fields::{
    CREATE_FIELDS, CreateBody, RESPOND_FIELDS, RespondReply, extra_fields, object, refuse, to_json,
};
use crate::call::{Create, Respond, correlation};
use crate::model::{Error, Unreadable, parse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Serialize)]
struct CreateRequest<'a> {
    user_id: &'a str,
    message: &'a str,
    metadata: &'a Map<String, Value>,
    #[serde(flatten)]
    extra: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct RespondRequest<'a> {
    conversation_id: &'a str,
    message: &'a str,
    #[serde(flatten)]
    extra: Option<&'a Map<String, Value>>,
}

pub(super) fn create_body(request: &Create) -> Result<CreateBody, Error> {
    refuse(
        "legacy",
        "create",
        &[
            (
                "integration_attributes",
                request.integration_attributes.is_some(),
            ),
            ("variant_id", request.variant_id.is_some()),
            ("channel", request.channel.is_some()),
            ("asr_lang_code", request.asr_lang_code.is_some()),
            ("tts_lang_code", request.tts_lang_code.is_some()),
        ],
    )?;
    let user_id = match request.user_id.as_deref() {
        Some("") => {
            return Err(Error::invalid_argument(
                "user_id must not be empty; leave it out to have one made",
            ));
        }
        Some(id) => id.to_owned(),
        None => (*correlation::new_id()).to_owned(),
    };
    let no_metadata = Map::new();
    let json = to_json(&CreateRequest {
        user_id: &user_id,
        message: request.message.as_deref().unwrap_or_default(),
        metadata: object("metadata", request.metadata.as_ref())?.unwrap_or(&no_metadata),
        extra: extra_fields(request.extra.as_ref(), CREATE_FIELDS)?,
    })?;
    Ok(CreateBody {
        json,
        user_id: Some(user_id),
    })
}

pub(super) fn respond_body(conversation_id: &str, request: &Respond) -> Result<Vec<u8>, Error> {
    refuse(
        "legacy",
        "respond",
        &[
            (
                "integration_attributes",
                request.integration_attributes.is_some(),
            ),
            ("metadata", request.metadata.is_some()),
            ("asr_lang_code", request.asr_lang_code.is_some()),
            ("tts_lang_code", request.tts_lang_code.is_some()),
        ],
    )?;
    to_json(&RespondRequest {
        conversation_id,
        message: request.message.as_deref().unwrap_or_default(),
        extra: extra_fields(request.extra.as_ref(), RESPOND_FIELDS)?,
    })
}

#[derive(Deserialize)]
struct Respondent {
    response: String,
    end_conversation: Option<bool>,
}

pub(super) fn read_respond(body: &str) -> Result<RespondReply, Unreadable> {
    let reply: Respondent = parse(body)?;
    Ok(RespondReply {
        response: reply.response,
        end_conversation: reply.end_conversation.unwrap_or(false),
        handoff: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ErrorKind;
    use serde_json::json;

    #[test]
    fn create_always_holds_its_three_fields() {
        let body = create_body(&Create::new()).unwrap();
        let id = body.user_id.unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(
            serde_json::from_slice::<Value>(&body.json).unwrap(),
            json!({"user_id": id, "message": "", "metadata": {}})
        );
        let body = create_body(
            &Create::new()
                .user_id("u")
                .message("hi")
                .metadata(json!({"a": 1})),
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(body.json).unwrap(),
            r#"{"user_id":"u","message":"hi","metadata":{"a":1}}"#
        );
    }

    #[test]
    fn respond_without_a_message_sends_an_empty_one() {
        let body = respond_body("c", &Respond::without_message()).unwrap();
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"conversation_id":"c","message":""}"#
        );
    }

    #[test]
    fn fields_of_the_other_dialect_are_refused_by_name() {
        let error = create_body(&Create::new().variant_id("v").channel("sms"))
            .map(|body| body.json)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("variant_id, channel"), "{error}");
        assert!(respond_body("c", &Respond::new("x").metadata(json!({}))).is_err());
    }
}
