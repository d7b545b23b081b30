//! What the bodies of both dialects have in common.

use crate::call::{Body, Fields};
use crate::model::{Error, ErrorKind, Handoff};

/// The body of a create, and the user id that it holds in the legacy dialect.
pub(crate) struct CreateBody {
    pub(crate) json: Vec<u8>,
    pub(crate) user_id: Option<String>,
}

#[derive(serde::Deserialize)]
pub(crate) struct CreateReply {
    pub(crate) conversation_id: String,
    pub(crate) response: String,
}

pub(crate) struct RespondReply {
    pub(crate) response: String,
    pub(crate) end_conversation: bool,
    pub(crate) handoff: Option<Handoff>,
}

#[derive(serde::Deserialize)]
pub(crate) struct CloseReply {
    pub(crate) success: bool,
}

/// What the customer says in a request.
pub(crate) fn message_of(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct MessageOnly {
        message: Option<String>,
    }
    serde_json::from_slice::<MessageOnly>(body).ok()?.message
}

pub(super) fn body(conversation_id: Option<&str>, fields: &Fields) -> Result<Vec<u8>, Error> {
    let body = Body {
        conversation_id,
        fields,
    };
    serde_json::to_vec(&body).map_err(|error| {
        Error::new(
            ErrorKind::Internal,
            "the request could not be written as JSON",
        )
        .with_source(error)
    })
}
