//! The dialect `legacy`.

use super::fields::{CreateBody, RespondReply, body};
use crate::call::{Field, Fields, correlation};
use crate::model::{Error, Unreadable, parse};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Every field is required here; those that the caller has not set are sent empty.
pub(super) fn create_body(fields: &Fields) -> Result<CreateBody, Error> {
    let user_id = match fields.text(Field::UserId) {
        Some("") => {
            return Err(Error::invalid_argument(
                "user_id must not be empty; leave it out to have one made",
            ));
        }
        Some(id) => id.to_owned(),
        None => (*correlation::new_id()).to_owned(),
    };
    let mut fields = with_message(fields);
    fields.set(Field::UserId, user_id.clone().into());
    if fields.get(Field::Metadata).is_none() {
        fields.set(Field::Metadata, Value::Object(Map::new()));
    }
    Ok(CreateBody {
        json: body(None, &fields)?,
        user_id: Some(user_id),
    })
}

pub(super) fn respond_body(conversation_id: &str, fields: &Fields) -> Result<Vec<u8>, Error> {
    body(Some(conversation_id), &with_message(fields))
}

fn with_message(fields: &Fields) -> Fields {
    let mut fields = fields.clone();
    if fields.get(Field::Message).is_none() {
        fields.set(Field::Message, Value::String(String::new()));
    }
    fields
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
