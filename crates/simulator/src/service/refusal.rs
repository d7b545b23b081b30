//! The service's error envelope.

use crate::wire::reply::{Reply, reason};
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) header: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            header: None,
        }
    }

    pub(crate) fn schema(message: impl Into<String>) -> Self {
        Self::new(400, "SCHEMA_VALIDATION_FAILED", message)
    }

    pub(crate) fn reply(&self, correlation_id: &str) -> Reply {
        let mut reply = envelope(self.status, self.code, &self.message, correlation_id);
        reply.headers.extend(self.header.clone());
        reply
    }
}

pub(crate) fn envelope(status: u16, code: &str, message: &str, correlation_id: &str) -> Reply {
    Reply::json(
        status,
        json!({
            "success": false,
            "error": reason(status),
            "error_id": correlation_id,
            "error_code": code,
            "error_message": message,
            "data": null,
        }),
    )
}

/// The code that usually comes with a status.
pub(crate) fn usual_code(status: u16) -> &'static str {
    match status {
        400 => "CONVERSATIONS_VALIDATION_FAILED",
        401 => "AUTH_USER_UNAUTHORISED",
        403 => "USER_ACCESS_FORBIDDEN",
        404 => "CONVERSATIONS_NOT_FOUND",
        408 => "REQUEST_TIMEOUT",
        410 => "CHAT_CONVERSATION_ENDED",
        422 => "UNPROCESSABLE_ENTITY",
        429 => "RATE_LIMIT_EXCEEDED",
        500 => "CHAT_DRAFT_DEPLOYMENT_FAILED",
        _ => "SIMULATED_FAULT",
    }
}
