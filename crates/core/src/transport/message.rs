//! A request as it is sent, byte for byte, and an answer as it was received.
//!
//! We write requests ourselves. So header names keep the case that the service asks for, key and token never pass through a
//! library that may log, and a turn does not build and tear down a map of headers that are the same every time.

use crate::model::Headers;
use std::io::Write;

/// What ends the head of a request.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// How much of a body is copied, so that it leaves together with the head.
const BYTES_BESIDE_HEAD: usize = 16 * 1024;

/// A request as it goes to the service.
pub(crate) struct Outgoing<'a> {
    pub(crate) prepared: &'a PreparedHead,
    /// Names in the case in which they are sent; the length of the body is added to them.
    pub(crate) headers: &'a [(&'a str, &'a [u8])],
    /// What the caller adds.
    pub(crate) added: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

impl Outgoing<'_> {
    /// What head and beginning of the body take at most.
    fn most_bytes_together(&self) -> usize {
        const BESIDE_NAME_AND_VALUE: usize = 4;
        const LENGTH_AND_END: usize = 64;
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len());
        let added = self
            .added
            .iter()
            .map(|(name, value)| name.len() + value.len());
        let headers: usize = headers
            .chain(added)
            .map(|bytes| bytes + BESIDE_NAME_AND_VALUE)
            .sum();
        self.prepared.beginning.len()
            + headers
            + LENGTH_AND_END
            + self.body.len().min(BYTES_BESIDE_HEAD)
    }
}

/// The head of an answer, and as much of its body as was read.
#[derive(Debug)]
pub(crate) struct ReceivedHead {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl ReceivedHead {
    /// Whether the status is 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Post,
    Put,
}

/// What all heads of one operation begin with: it is written once for a client.
pub(crate) struct PreparedHead {
    beginning: Vec<u8>,
}

impl PreparedHead {
    pub(crate) fn new(method: Method, path: &str, headers: &[(&str, &str)]) -> Self {
        let name = match method {
            Method::Post => "POST",
            Method::Put => "PUT",
        };
        let mut beginning = [name, " ", path, " HTTP/1.1"].concat().into_bytes();
        for (name, value) in headers {
            write_header(name, value.as_bytes(), &mut beginning);
        }
        Self { beginning }
    }
}

/// Writes a request in place of what `request` holds: its head, and so much of its body that both leave together. Returns the
/// rest of the body. The headers were checked when they were set: none of them holds a control character.
pub(super) fn write<'a>(outgoing: &Outgoing<'a>, request: &mut Vec<u8>) -> &'a [u8] {
    request.clear();
    // At once, so that no part of it is left behind in memory that was too small.
    request.reserve(outgoing.most_bytes_together());
    request.extend_from_slice(&outgoing.prepared.beginning);
    for (name, value) in outgoing.headers {
        write_header(name, value, request);
    }
    for (name, value) in outgoing.added {
        write_header(name, value.as_bytes(), request);
    }
    // To a vector, writing cannot fail.
    let _ = write!(request, "\r\nContent-Length: {}", outgoing.body.len());
    request.extend_from_slice(END_OF_HEAD);
    let (together, rest) = outgoing
        .body
        .split_at(outgoing.body.len().min(BYTES_BESIDE_HEAD));
    request.extend_from_slice(together);
    rest
}

fn write_header(name: &str, value: &[u8], head: &mut Vec<u8>) {
    for part in [b"\r\n", name.as_bytes(), b": ", value] {
        head.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_it_is_given() {
        let mut request = b"what an earlier request left".to_vec();
        let same = [("Host", "chat.example:8443")];
        let outgoing = Outgoing {
            prepared: &PreparedHead::new(Method::Put, "/v1/close", &same),
            headers: &[("X-API-KEY", b"canary")],
            added: &[("traceparent".to_owned(), "00-1".to_owned())],
            body: b"{}",
        };
        assert!(write(&outgoing, &mut request).is_empty());
        assert_eq!(
            request,
            b"PUT /v1/close HTTP/1.1\r\nHost: chat.example:8443\r\nX-API-KEY: canary\r\ntraceparent: 00-1\r\nContent-Length: 2\r\n\r\n{}"
        );
    }
}
