//! The requests of the Chat API as far as they decide the answer, and the answers.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

const CORRELATION_ID: &str = "x-polyai-correlation-id";
const GREETING: &str = "Hello, how can I help?";
const REPLY: &str = "Your order was dispatched yesterday, and should be with you by Thursday. Is there anything else?";

static CREATED: AtomicU64 = AtomicU64::new(0);

/// A request that is there as a whole.
pub(crate) struct Request<'a> {
    operation: &'a str,
    correlation_id: &'a str,
    body: &'a str,
}

impl<'a> Request<'a> {
    /// `None` until all of it has come.
    pub(crate) fn read(received: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(received).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let path = lines.next()?.split(' ').nth(1)?;
        let (mut length, mut correlation_id) = (0, "00000000-0000-4000-8000-000000000000");
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().ok()?;
            } else if name.eq_ignore_ascii_case(CORRELATION_ID) {
                correlation_id = value;
            }
        }
        Some(Self {
            operation: path.rsplit('/').next()?,
            correlation_id,
            body: body.get(..length)?,
        })
    }

    pub(crate) fn is_respond(&self) -> bool {
        self.operation == "respond"
    }

    fn conversation_id(&self) -> Option<&'a str> {
        let (_, value) = self.body.split_once("\"conversation_id\"")?;
        value.split('"').nth(1)
    }

    /// Writes the answer, in place of what is there.
    pub(crate) fn answer(&self, answer: &mut Vec<u8>) {
        let (status, body) = match (self.operation, self.conversation_id()) {
            ("create", _) => {
                let number = CREATED.fetch_add(1, Ordering::Relaxed);
                let id = format!("5d0c1e5e-8c55-4cf1-9a3f-{number:012x}");
                (
                    "200 OK",
                    format!("{{\"conversation_id\":\"{id}\",\"response\":\"{GREETING}\"}}"),
                )
            }
            ("respond", Some(id)) => {
                let rest = "\"end_conversation\":false";
                (
                    "200 OK",
                    format!("{{\"conversation_id\":\"{id}\",\"response\":\"{REPLY}\",{rest}}}"),
                )
            }
            ("close", Some(_)) => ("200 OK", "{\"success\":true}".to_owned()),
            _ => ("404 Not Found", "{\"success\":false}".to_owned()),
        };
        answer.clear();
        write!(
            answer,
            "HTTP/1.1 {status}\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: keep-alive\r\nX-PolyAI-Correlation-Id: {}\r\n\r\n{body}",
            body.len(),
            self.correlation_id
        )
        .unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    fn answer_to(request: &str) -> String {
        let mut answer = Vec::new();
        Request::read(request.as_bytes())
            .unwrap()
            .answer(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn a_request_is_read_when_all_of_it_is_there() {
        let request = "POST /v1/a/p/chat/close HTTP/1.1\r\nContent-Length: 24\r\n\r\n{\"conversation_id\": \"7\"}";
        for length in 0..request.len() {
            assert!(
                Request::read(&request.as_bytes()[..length]).is_none(),
                "{length}"
            );
        }
        assert!(answer_to(request).ends_with("{\"success\":true}"));
    }

    #[test]
    fn a_respond_gets_its_own_conversation_and_correlation_id() {
        let request = "POST /v1/a/p/chat/respond HTTP/1.1\r\ncontent-length: 23\r\nX-PolyAI-Correlation-Id: abc\r\n\r\n\
                       {\"conversation_id\":\"17\"}";
        let answer = answer_to(request);
        assert!(
            answer.contains("\r\nX-PolyAI-Correlation-Id: abc\r\n"),
            "{answer}"
        );
        assert!(
            answer.contains("{\"conversation_id\":\"17\",\"response\":"),
            "{answer}"
        );
    }

    #[test]
    fn a_respond_that_names_no_conversation_is_not_found() {
        let answer = answer_to("POST /v1/a/p/chat/respond HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}");
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    }
}
