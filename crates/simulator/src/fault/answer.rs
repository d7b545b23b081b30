use super::Action;
use super::action::check_header;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An answer in place of the service's own.
///
/// Without a body it carries the service's error envelope for its status. Unless `processed` is set, the
/// service does not act on the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    /// The HTTP status, 200 by default.
    pub status: u16,
    /// Lines such as `"Location: https://example.com/"`.
    pub headers: Vec<String>,
    /// The `Retry-After` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// The `Content-Type`; `application/json` by default, and none for `""`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The envelope's `error_code`, in place of the usual one of that status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The body, in place of an envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<AnswerBody>,
    /// Whether the service acts on the request first, so that the turn is taken and its reply lost.
    pub processed: bool,
}

/// What the body of an answer is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerBody {
    /// A text.
    Text(String),
    /// Any JSON value.
    Json(Value),
    /// Bytes that need not be UTF-8.
    Bytes(Vec<u8>),
    /// So many bytes of the letter `x`.
    Filler(u64),
}

/// The value of a `Retry-After` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// The HTTP date that lies so many seconds ahead when it is answered.
    DateInSeconds(u64),
}

impl Default for Answer {
    fn default() -> Self {
        Self::status(200)
    }
}

impl Answer {
    /// An answer with this status, and the service's error envelope as its body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            retry_after: None,
            content_type: None,
            error_code: None,
            body: None,
            processed: false,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(format!("{name}: {value}"));
        self
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Sets the envelope's error code.
    #[must_use]
    pub fn error_code(mut self, code: &str) -> Self {
        self.error_code = Some(code.to_owned());
        self
    }

    /// Sets the body, with its content type; `""` sends none.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: AnswerBody) -> Self {
        self.content_type = Some(content_type.to_owned());
        self.body = Some(body);
        self
    }

    /// Lets the service act on the request before this is answered.
    #[must_use]
    pub fn processed(mut self) -> Self {
        self.processed = true;
        self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        const MOST_FILLER: u64 = 1024 * 1024 * 1024;
        // A hundred years: an HTTP date has four digits for the year.
        const MOST_SECONDS: u64 = 100 * 365 * 24 * 60 * 60;
        if !(200..=999).contains(&self.status) {
            return Err(format!("`status` is {}, not from 200 to 999", self.status));
        }
        if let Some(RetryAfter::DateInSeconds(seconds)) = self.retry_after
            && seconds > MOST_SECONDS
        {
            return Err(format!("`date_in_seconds` is above {MOST_SECONDS}"));
        }
        if let Some(AnswerBody::Filler(bytes)) = self.body
            && bytes > MOST_FILLER
        {
            return Err(format!("`filler` is above {MOST_FILLER}"));
        }
        self.headers.iter().try_for_each(|line| check_header(line))
    }
}

impl From<Answer> for Action {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}
