//! Errors on their way to JavaScript: an exception whose message is the JSON of all that the core says.

use napi_derive::napi;
use polyai_chat_core::Error;

/// The `code` by which the package knows such an exception from those of Node itself.
pub struct ChatFailure;

impl AsRef<str> for ChatFailure {
    fn as_ref(&self) -> &str {
        "POLYAI_CHAT"
    }
}

impl From<napi::Status> for ChatFailure {
    fn from(_: napi::Status) -> Self {
        Self
    }
}

/// By this name, as the macros of napi look for it.
pub(crate) type Result<T> = std::result::Result<T, napi::Error<ChatFailure>>;

/// Done by hand, for `?`: both types are somebody else's.
pub(crate) fn failed<T>(outcome: std::result::Result<T, Error>) -> Result<T> {
    outcome.map_err(|error| napi::Error::new(ChatFailure, error.to_json().to_string()))
}

/// All that is said of an argument that cannot be sent, as JSON.
#[must_use]
#[napi]
pub fn invalid_argument(message: String) -> String {
    Error::invalid_argument(message).to_json().to_string()
}

/// All that is said of a call that was cancelled before it began, as JSON.
#[must_use]
#[napi]
pub fn cancelled_before() -> String {
    Error::cancelled_before().to_json().to_string()
}
