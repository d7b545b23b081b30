use crate::operation::Operation;
use std::fmt;
use std::time::SystemTime;

/// One request as it came over the wire.
#[derive(Clone)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// Which request it was of all, from 1.
    pub number: u64,
    /// On which accepted connection it came, from 1.
    pub connection: u64,
    /// Which request it was on its connection, from 1.
    pub number_on_connection: u64,
    /// The method.
    pub method: String,
    /// The request target, exactly as sent.
    pub target: String,
    /// Header names as they were spelled, with their values, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, without the framing of the transfer.
    pub body: Vec<u8>,
    /// Whether the whole request arrived.
    pub complete: bool,
    /// Which operation the target names.
    pub operation: Option<Operation>,
    /// The conversation that the request was about: the one that it names, or the one that it created.
    pub conversation_id: Option<String>,
    /// Whether the service acted on it: a conversation was created or closed, or a turn taken.
    pub processed: bool,
    /// The status that was answered, if it came to an answer.
    pub status: Option<u16>,
    /// Whether the reply was written to its last byte.
    pub replied: bool,
    /// When the last byte that was read of it arrived.
    pub received_at: SystemTime,
}

impl ReceivedRequest {
    /// The value of the first header whose name is spelled exactly like this.
    #[must_use]
    pub fn header(&self, exact_name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(name, _)| name == exact_name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text, with U+FFFD for what is not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The headers with "set" in place of the API key and the connector token.
    #[must_use]
    pub fn redacted_headers(&self) -> Vec<(&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), shown(name, value)))
            .collect()
    }
}

fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    const SECRET: [&str; 4] = [
        "x-api-key",
        "x-token",
        "authorization",
        "proxy-authorization",
    ];
    if SECRET
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
    {
        "set"
    } else {
        value
    }
}

/// Shows the key and the token as "set", so that a failing test does not print them.
impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReceivedRequest")
            .field("number", &self.number)
            .field("connection", &self.connection)
            .field("number_on_connection", &self.number_on_connection)
            .field("method", &self.method)
            .field("target", &self.target)
            .field("headers", &self.redacted_headers())
            .field("body", &self.text())
            .field("complete", &self.complete)
            .field("operation", &self.operation)
            .field("conversation_id", &self.conversation_id)
            .field("processed", &self.processed)
            .field("status", &self.status)
            .field("replied", &self.replied)
            .field("received_at", &self.received_at)
            .finish()
    }
}
