//! The head of an answer. The HTTP library would make a map of its headers that nobody asks for: it is shown only those that
//! it decides by.

use crate::model::Headers;
use httparse::{Response, Status};
use std::mem::MaybeUninit;

/// The library's own limit.
const MOST_HEADERS: usize = 128;

/// How the body is framed, and whether the connection can be kept.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "connection"];

/// "HTTP/1.1 200": what the reason is called is nobody's concern.
const STATUS_BYTES: usize = 12;

/// What the beginning of an answer is.
pub(super) enum Beginning {
    /// More has to come.
    Incomplete,
    /// An answer that only says that another one will come.
    Interim,
    /// Nothing that we make sense of. The library does, or has the words for what is wrong.
    Unusual,
    /// The head of the answer, so many bytes long.
    Head(usize, Headers),
}

/// Looks at what was received.
pub(super) fn read(received: &[u8]) -> Beginning {
    let mut places = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut response = Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        received,
        &mut places,
    );
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Beginning::Incomplete,
        Err(_) => return Beginning::Unusual,
    };
    match response.code {
        None | Some(..100 | 101) => Beginning::Unusual,
        Some(100..200) => Beginning::Interim,
        Some(_) => {
            let headers = response.headers.iter();
            Beginning::Head(
                length,
                Headers::new(headers.map(|header| (header.name, header.value))),
            )
        }
    }
}

/// Writes a head with the status of the one that `received` begins with, and with those of its headers that the library decides
/// by, in its place. It is never the longer one.
pub(super) fn reduced<'a>(received: &'a mut [u8], headers: &Headers) -> &'a [u8] {
    let before = received.len() - received.trim_ascii_start().len();
    let head = received.get_mut(before..).unwrap_or_default();
    let mut end = STATUS_BYTES;
    let mut write = |part: &[u8]| {
        if let Some(place) = head.get_mut(end..end + part.len()) {
            place.copy_from_slice(part);
            end += part.len();
        }
    };
    write(b"\n");
    for (name, value) in headers.iter().filter(|(name, _)| FRAMING.contains(name)) {
        for part in [name.as_bytes(), b":", value, b"\n"] {
            write(part);
        }
    }
    write(b"\n");
    head.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(received: &[u8]) -> (String, usize, Vec<String>) {
        let Beginning::Head(length, headers) = read(received) else {
            panic!("{} is no head", received.escape_ascii());
        };
        let names = headers.iter().map(|(name, _)| name.to_owned()).collect();
        let mut received = received.to_vec();
        let shown = reduced(&mut received, &headers).to_vec();
        (String::from_utf8(shown).unwrap(), length, names)
    }

    #[test]
    fn of_a_head_only_what_frames_the_body_is_shown() {
        let head = b"\r\nHTTP/1.1 200 OK\r\nDate: now\r\nContent-LENGTH: 2\r\nX-Trace: a\r\nConnection: close\r\n\r\n";
        let answer = [&head[..], b"{}"].concat();
        let (text, length, names) = shown(&answer);
        assert_eq!(text, "HTTP/1.1 200\ncontent-length:2\nconnection:close\n\n");
        assert_eq!(length, head.len());
        assert_eq!(names, ["date", "content-length", "x-trace", "connection"]);
    }

    #[test]
    fn headers_that_contradict_each_other_are_all_shown_however_short_the_head() {
        let head =
            b"HTTP/1.0 500\ncontent-length:1\ncontent-length:2\ntransfer-encoding:chunked\n\n";
        assert_eq!(shown(head).0.as_bytes(), head);
    }

    #[test]
    fn what_is_no_head_is_left_as_it_is() {
        let too_many = format!(
            "HTTP/1.1 200 OK\r\n{}\r\n",
            "a: b\r\n".repeat(MOST_HEADERS + 1)
        );
        for unusual in [
            &b"HTTP/1.1 101 Switching Protocols\r\n\r\n"[..],
            b"HTTP/2 200\r\n\r\n",
            b"SSH-2.0-OpenSSH_9\r\n",
            b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
            too_many.as_bytes(),
        ] {
            assert!(
                matches!(read(unusual), Beginning::Unusual),
                "{}",
                unusual.escape_ascii()
            );
        }
        assert!(matches!(
            read(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"),
            Beginning::Interim
        ));
        assert!(matches!(
            read(b"HTTP/1.1 200 OK\r\nContent-Le"),
            Beginning::Incomplete
        ));
    }
}
