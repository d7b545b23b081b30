//! The head of a request, byte for byte as it is sent.
//!
//! ureq writes a head of its own, which ours replaces where it is handed to the network. So header names keep the case that
//! the service asks for, key and token never pass through a library that may log, and a turn does not build and tear down a
//! map of headers that are the same every time.

use super::connection::Outgoing;

/// What ends the head of a request.
pub(super) const END_OF_HEAD: &[u8] = b"\r\n\r\n";

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
pub(super) fn write(outgoing: &Outgoing<'_>, head: &mut Vec<u8>) {
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
        write(&outgoing, &mut head);
        assert_eq!(
            head,
            b"PUT /v1/close HTTP/1.1\r\nHost: chat.example:8443\r\nX-API-KEY: canary\r\n\r\n"
        );
    }
}
