//! The two published dialects of the service: struct to JSON and back.

use super::fields::{CloseReply, CreateBody, CreateReply, RespondReply, body};
use super::{current, legacy};
use crate::call::Fields;
use crate::foundation::foreign_words::is_unseen;
use crate::model::{Dialect, Error, ErrorKind, Operation, Unreadable, parse};

impl Dialect {
    pub(crate) fn create_body(self, fields: &Fields) -> Result<CreateBody, Error> {
        fields.check(self, Operation::Create)?;
        match self {
            Self::Current => Ok(CreateBody {
                json: body(None, fields)?,
                user_id: None,
            }),
            Self::Legacy => legacy::create_body(fields),
        }
    }

    pub(crate) fn respond_body(
        self,
        conversation_id: &str,
        fields: &Fields,
    ) -> Result<Vec<u8>, Error> {
        fields.check(self, Operation::Respond)?;
        match self {
            Self::Current => body(Some(conversation_id), fields),
            Self::Legacy => legacy::respond_body(conversation_id, fields),
        }
    }

    pub(crate) fn close_body(
        self,
        conversation_id: &str,
        fields: &Fields,
    ) -> Result<Vec<u8>, Error> {
        if self == Self::Legacy {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "the legacy dialect has no close; a conversation ends there by itself",
            ));
        }
        fields.check(self, Operation::Close)?;
        body(Some(conversation_id), fields)
    }

    /// Reads the reply to a turn of a conversation, and refuses that of another one.
    pub(crate) fn read_respond(
        self,
        body: &str,
        conversation_id: &str,
    ) -> Result<RespondReply, Unreadable> {
        match self {
            Self::Current => current::read_respond(body, conversation_id),
            Self::Legacy => legacy::read_respond(body),
        }
    }
}

pub(crate) fn read_create(body: &str) -> Result<CreateReply, Unreadable> {
    let reply: CreateReply = parse(body)?;
    match is_conversation_id(&reply.conversation_id) {
        true => Ok(reply),
        false => Err(Unreadable::WrongFields(format!(
            "`conversation_id` is not {CONVERSATION_ID}"
        ))),
    }
}

/// What the id of a conversation is, in words.
pub(crate) const CONVERSATION_ID: &str = "1 to 1,024 bytes long without control characters";

/// Whether a conversation can go on by this id, which programs put into logs, headers and commands.
pub(crate) fn is_conversation_id(id: &str) -> bool {
    (1..=1024).contains(&id.len()) && !id.contains(is_unseen)
}

pub(crate) fn read_close(body: &str) -> Result<CloseReply, Unreadable> {
    parse(body)
}

#[cfg(test)]
mod tests {
    use super::Dialect::{Current, Legacy};
    use super::*;
    use crate::call::{Close, Create, Respond};
    use serde_json::{Value, json};

    fn create(dialect: Dialect, request: &Create) -> Result<CreateBody, Error> {
        dialect.create_body(&request.0.fields)
    }

    fn respond(dialect: Dialect, request: &Respond) -> Result<Vec<u8>, Error> {
        dialect.respond_body("c", &request.0.fields)
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn create_without_options_is_an_empty_object() {
        assert_eq!(text(create(Current, &Create::new()).unwrap().json), "{}");
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
            serde_json::from_slice::<Value>(&create(Current, &request).unwrap().json).unwrap(),
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
            assert_eq!(text(respond(Current, &request).unwrap()), expected);
        }
    }

    #[test]
    fn fields_of_a_wrong_shape_or_already_known_are_refused() {
        for (result, expected) in [
            (
                respond(Current, &Respond::new("x").metadata(json!([1]))),
                "metadata must be a JSON object",
            ),
            (
                respond(Current, &Respond::new("x").extra(json!({"message": "y"}))),
                "must not hold \"message\"",
            ),
            (
                create(Current, &Create::new().integration_attributes("Sam")).map(|body| body.json),
                "not a text",
            ),
            (
                create(Current, &Create::new().user_id("u")).map(|body| body.json),
                "user_id does not exist on create in the current dialect",
            ),
            (
                Current.close_body("c", &Close::new().extra(json!(7)).0.fields),
                "extra must be a JSON object",
            ),
        ] {
            let error = result.unwrap_err();
            assert!(error.message().contains(expected), "{error}");
        }
    }

    #[test]
    fn create_always_holds_its_three_fields() {
        let body = create(Legacy, &Create::new()).unwrap();
        let id = body.user_id.unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(
            serde_json::from_slice::<Value>(&body.json).unwrap(),
            json!({"user_id": id, "message": "", "metadata": {}})
        );
        let body = create(
            Legacy,
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
        let body = respond(Legacy, &Respond::without_message()).unwrap();
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"conversation_id":"c","message":""}"#
        );
    }

    #[test]
    fn fields_of_the_other_dialect_are_refused_by_name() {
        let error = create(Legacy, &Create::new().variant_id("v").channel("sms"))
            .map(|body| body.json)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("variant_id, channel"), "{error}");
        assert!(respond(Legacy, &Respond::new("x").metadata(json!({}))).is_err());
    }
}
