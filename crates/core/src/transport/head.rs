//! The head of a request, byte for byte as it is sent.
//!
//! ureq writes a head of its own, which ours replaces where it is handed to the network. So header names keep the case that
//! the service asks for, key and token never pass through a library that may log, and a turn does not build and tear down a
//! map of headers that are the same every time.

use super::connection::{Method, Outgoing};

/// What ends the head of a request.
pub(super) const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Writes the head of a request in place of what `head` holds. Whoever makes the headers has seen to it that none of them
/// holds a control character.
pub(super) fn write(outgoing: &Outgoing<'_>, head: &mut Vec<u8>) {
    let method = match outgoing.method {
        Method::Post => "POST",
        Method::Put => "PUT",
    };
    let path = outgoing
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str());
    head.clear();
    for part in [method, " ", path, " HTTP/1.1"] {
        head.extend_from_slice(part.as_bytes());
    }
    for (name, value) in outgoing.headers {
        head.extend_from_slice(b"\r\n");
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
    }
    head.extend_from_slice(END_OF_HEAD);
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Uri;

    #[test]
    fn a_head_is_written_as_it_is_given() {
        let mut head = b"what an earlier request left".to_vec();
        let outgoing = Outgoing {
            method: Method::Put,
            uri: &Uri::from_static("https://chat.example:8443/v1/close"),
            headers: &[("Host", b"chat.example:8443"), ("X-API-KEY", b"canary")],
            body: b"{}",
        };
        write(&outgoing, &mut head);
        assert_eq!(
            head,
            b"PUT /v1/close HTTP/1.1\r\nHost: chat.example:8443\r\nX-API-KEY: canary\r\n\r\n"
        );
    }
}
