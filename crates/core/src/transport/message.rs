//! A request as it is sent, its head byte for byte, and an answer as it was received.
//!
//! ureq writes a head of its own, which ours replaces where it is handed to the network. So header names keep the case that
//! the service asks for, key and token never pass through a library that may log, and a turn does not build and tear down a
//! map of headers that are the same every time.

use crate::model::Headers;

/// What ends the head of a request.
pub(super) const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A request as it goes to the service.
pub(crate) struct Outgoing<'a> {
    pub(crate) prepared: &'a PreparedHead,
    /// Names in the case in which they are sent.
    pub(crate) headers: &'a [(&'a str, &'a [u8])],
    pub(crate) body: &'a [u8],
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
    pub(super) method: Method,
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
        Self { method, beginning }
    }
}

/// Writes the head of a request in place of what `head` holds. Whoever makes the headers has seen to it that none of them
/// holds a control character.
pub(super) fn write_head(outgoing: &Outgoing<'_>, head: &mut Vec<u8>) {
    head.clear();
    head.extend_from_slice(&outgoing.prepared.beginning);
    for (name, value) in outgoing.headers {
        write_header(name, value, head);
    }
    head.extend_from_slice(END_OF_HEAD);
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
    fn a_head_is_written_as_it_is_given() {
        let mut head = b"what an earlier request left".to_vec();
        let same = [("Host", "chat.example:8443")];
        let outgoing = Outgoing {
            prepared: &PreparedHead::new(Method::Put, "/v1/close", &same),
            headers: &[("X-API-KEY", b"canary")],
            body: b"{}",
        };
        write_head(&outgoing, &mut head);
        assert_eq!(
            head,
            b"PUT /v1/close HTTP/1.1\r\nHost: chat.example:8443\r\nX-API-KEY: canary\r\n\r\n"
        );
    }
}
