//! The two published dialects of the service: which fields and headers exist, struct to JSON and back.

use super::fields::{CloseReply, CreateBody, CreateReply, RespondReply};
use super::{current, legacy};
use crate::call::{Close, Create, Respond};
use crate::model::{Error, ErrorKind, Unreadable, parse};

/// Which of the service's two published dialects a deployment speaks. Since 0.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// With `variant_id`, `integration_attributes`, handoff and close.
    Current,
    /// The older one: `user_id` and `metadata` on create, neither handoff nor close.
    Legacy,
}

impl Dialect {
    /// The name, as the option `dialect` takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Legacy => "legacy",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        if name == "legacy" {
            Self::Legacy
        } else {
            Self::Current
        }
    }

    /// The names of the headers for key and token, whose case the service insists on.
    pub(crate) const fn credential_headers(self) -> (&'static str, &'static str) {
        match self {
            Self::Current => ("X-API-KEY", "X-TOKEN"),
            Self::Legacy => ("X-Api-Key", "X-Token"),
        }
    }

    pub(crate) fn create_body(self, request: &Create) -> Result<CreateBody, Error> {
        match self {
            Self::Current => current::create_body(request),
            Self::Legacy => legacy::create_body(request),
        }
    }

    pub(crate) fn respond_body(
        self,
        conversation_id: &str,
        request: &Respond,
    ) -> Result<Vec<u8>, Error> {
        match self {
            Self::Current => current::respond_body(conversation_id, request),
            Self::Legacy => legacy::respond_body(conversation_id, request),
        }
    }

    pub(crate) fn close_body(
        self,
        conversation_id: &str,
        request: &Close,
    ) -> Result<Vec<u8>, Error> {
        match self {
            Self::Current => current::close_body(conversation_id, request),
            Self::Legacy => Err(Error::new(
                ErrorKind::Unsupported,
                "the legacy dialect has no close; a conversation ends there by itself",
            )),
        }
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
    match reply.conversation_id.is_empty() {
        true => Err(Unreadable::WrongFields(
            "`conversation_id` is empty".to_owned(),
        )),
        false => Ok(reply),
    }
}

pub(crate) fn read_close(body: &str) -> Result<CloseReply, Unreadable> {
    parse(body)
}
