//! What an answer of the service means: its kind, whether the turn was delivered, and whether the request may be repeated.

use crate::dialect::Envelope;
use crate::model::{Delivery, Error, ErrorKind, Headers, Repeat, is_json, without_byte_order_mark};
use crate::transport::ReceivedHead;
use std::time::{Duration, SystemTime};

/// The code of a conversation that outlived its time limit.
pub(super) const TIMED_OUT_CODE: &str = "CHAT_TIMEOUT";
/// The code of a conversation that does not exist.
pub(super) const NO_CONVERSATION_CODE: &str = "CONVERSATIONS_NOT_FOUND";
/// Codes of this kind mean that the agent's own code ran, and failed.
const AGENT_CODE_PREFIX: &str = "FUNCTION_";

/// What a status and a code mean: the kind, whether the turn was delivered, and whether it may be repeated.
pub(super) fn classify(
    status: u16,
    code: Option<&str>,
    refuses_with_503: bool,
) -> (ErrorKind, Delivery, Repeat) {
    let rejected = |kind| (kind, Delivery::Rejected, Repeat::Never);
    match status {
        400 if code == Some(TIMED_OUT_CODE) => rejected(ErrorKind::ConversationEnded),
        400 if code.is_some_and(|code| code.starts_with(AGENT_CODE_PREFIX)) => {
            (ErrorKind::Rejected, Delivery::Unknown, Repeat::CloseOnly)
        }
        401 => rejected(ErrorKind::Authentication),
        403 => rejected(ErrorKind::Permission),
        404 => rejected(ErrorKind::NotFound),
        408 => (ErrorKind::Server, Delivery::Unknown, Repeat::CloseOnly),
        410 => rejected(ErrorKind::ConversationEnded),
        429 => (
            ErrorKind::RateLimited,
            Delivery::Rejected,
            Repeat::AnyOperation,
        ),
        400..=499 => rejected(ErrorKind::Rejected),
        503 if refuses_with_503 => (ErrorKind::Server, Delivery::Rejected, Repeat::AnyOperation),
        _ => (ErrorKind::Server, Delivery::Unknown, Repeat::CloseOnly),
    }
}

/// Whether an error says that the conversation it was about is over.
pub(crate) fn says_that_it_is_over(error: &Error) -> bool {
    error.kind() == ErrorKind::ConversationEnded
        || (error.kind() == ErrorKind::NotFound && error.error_code() == Some(NO_CONVERSATION_CODE))
}

pub(super) fn retry_after(headers: &Headers, now: SystemTime) -> Option<Duration> {
    parse_retry_after(headers.text("retry-after")?, now)
}

/// `Retry-After` in seconds or as an HTTP date.
pub(crate) fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// Every other status says by itself all there is to decide. The code of a 400 might have said that the agent's own code
/// ran, which nobody knows where the code cannot be read.
pub(super) fn code_is_not_known(error: Error) -> Error {
    error
        .with_delivery(Delivery::Unknown)
        .with_repeat(Repeat::CloseOnly)
}

/// Whether the complete body of a refusal may have a code in it that says that the agent's own code ran. Only what can be read
/// and plainly has none does not.
#[cold]
#[inline(never)]
pub(super) fn may_hide_a_code(received: &ReceivedHead) -> bool {
    let is_encoded = received.headers.iter().any(|(name, value)| {
        name == "content-encoding" && !value.trim_ascii().eq_ignore_ascii_case(b"identity")
    });
    let mentions_a_code = received
        .body
        .windows(AGENT_CODE_PREFIX.len())
        .any(|part| part == AGENT_CODE_PREFIX.as_bytes());
    if is_encoded || mentions_a_code {
        return true;
    }
    let envelope = Envelope::read(&received.body);
    if envelope.is_some_and(|envelope| envelope.error_code.is_some()) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(&received.body) else {
        return true;
    };
    let text = without_byte_order_mark(text).trim();
    if text.is_empty() {
        // Where the end of the connection ends the body, all of it may have been lost.
        let is_framed = |name| received.headers.get(name).is_some();
        return !is_framed("content-length") && !is_framed("transfer-encoding");
    }
    let is_json = is_json(text);
    let is_page = text.starts_with('<');
    !is_json && text.contains("error_code")
        || !is_json && !is_page && may_be_a_part_of_json(text.as_bytes())
}

/// Whether a body may be the service's JSON or a part of it, rather than a page or a line of text.
#[cold]
#[inline(never)]
pub(super) fn may_be_a_part_of_json(body: &[u8]) -> bool {
    match std::str::from_utf8(body) {
        Ok(text) => {
            let text = without_byte_order_mark(text).trim_start();
            let is_page = text.starts_with('<') && !text.contains("response");
            !is_page
                && text.contains(|it: char| {
                    "{}[]\"\\".contains(it) || it.is_control() && !it.is_whitespace()
                })
        }
        Err(_) => !body.trim_ascii_start().starts_with(b"<"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_codes_follow_the_contract() {
        use Delivery::{Rejected, Unknown};
        use Repeat::{AnyOperation, CloseOnly, Never};
        for (status, code, kind, delivery, repeat) in [
            (400, None, ErrorKind::Rejected, Rejected, Never),
            (
                400,
                Some("SCHEMA_VALIDATION_FAILED"),
                ErrorKind::Rejected,
                Rejected,
                Never,
            ),
            (
                400,
                Some("CHAT_TIMEOUT"),
                ErrorKind::ConversationEnded,
                Rejected,
                Never,
            ),
            (
                400,
                Some("FUNCTION_EXECUTION_FAILED"),
                ErrorKind::Rejected,
                Unknown,
                CloseOnly,
            ),
            (401, None, ErrorKind::Authentication, Rejected, Never),
            (403, None, ErrorKind::Permission, Rejected, Never),
            (
                404,
                Some("CONVERSATIONS_NOT_FOUND"),
                ErrorKind::NotFound,
                Rejected,
                Never,
            ),
            (405, None, ErrorKind::Rejected, Rejected, Never),
            (408, None, ErrorKind::Server, Unknown, CloseOnly),
            (
                410,
                Some("ChatConversationEnded"),
                ErrorKind::ConversationEnded,
                Rejected,
                Never,
            ),
            (422, None, ErrorKind::Rejected, Rejected, Never),
            (429, None, ErrorKind::RateLimited, Rejected, AnyOperation),
            (
                500,
                Some("CHAT_DRAFT_DEPLOYMENT_FAILED"),
                ErrorKind::Server,
                Unknown,
                CloseOnly,
            ),
            (503, None, ErrorKind::Server, Unknown, CloseOnly),
            (599, None, ErrorKind::Server, Unknown, CloseOnly),
        ] {
            assert_eq!(
                classify(status, code, false),
                (kind, delivery, repeat),
                "{status} {code:?}"
            );
        }
        assert_eq!(
            classify(503, None, true),
            (ErrorKind::Server, Rejected, AnyOperation)
        );
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (text, expected) in [
            ("3600", Some(3600)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("99999999999999999999999", None),
        ] {
            let headers = Headers::new([("Retry-After", text.as_bytes())].into_iter());
            assert_eq!(
                retry_after(&headers, now),
                expected.map(Duration::from_secs),
                "{text}"
            );
        }
        assert_eq!(retry_after(&Headers::default(), now), None);
    }
}
