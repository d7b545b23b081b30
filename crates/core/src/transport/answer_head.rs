//! The head of an answer. ureq would make a map of it that nobody asks for: it is shown only what frames the body.

use crate::model::Headers;
use httparse::{Response, Status};
use std::mem::MaybeUninit;

/// ureq's own limit.
const MOST_HEADERS: usize = 128;

/// What ureq decides by: how the body is framed, and whether the connection can be kept.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "connection"];

/// What the beginning of an answer is.
pub(super) enum Beginning {
    /// More has to come.
    Incomplete,
    /// An answer that only says that another one will come. ureq passes over it.
    Interim,
    /// Nothing that we make sense of. ureq does, or has the words for what is wrong.
    Unusual,
    /// The head of the answer, so many bytes long.
    Head(usize, Headers),
}

/// Looks at what was received. Of a head, writes what ureq needs of it into `shown`.
pub(super) fn read(received: &[u8], shown: &mut Vec<u8>) -> Beginning {
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
    // "HTTP/1.1 200": what the reason is called is nobody's concern.
    let status_line = received.trim_ascii_start().get(..12).unwrap_or_default();
    match response.code {
        None | Some(..100 | 101) => return Beginning::Unusual,
        Some(100..200) => return Beginning::Interim,
        Some(_) => {}
    }
    shown.clear();
    shown.extend_from_slice(status_line);
    shown.extend_from_slice(b"\r\n");
    let headers = || {
        response
            .headers
            .iter()
            .map(|header| (header.name, header.value))
    };
    for (name, value) in headers() {
        if FRAMING
            .iter()
            .any(|framing| framing.eq_ignore_ascii_case(name))
        {
            for part in [name.as_bytes(), b":", value, b"\r\n"] {
                shown.extend_from_slice(part);
            }
        }
    }
    shown.extend_from_slice(b"\r\n");
    if shown.len() > length {
        return Beginning::Unusual;
    }
    Beginning::Head(length, Headers::new(headers()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(received: &[u8]) -> Option<(String, usize, Vec<String>)> {
        let mut shown = b"what an earlier answer left".to_vec();
        match read(received, &mut shown) {
            Beginning::Head(length, headers) => {
                let names = headers.iter().map(|(name, _)| name.to_owned()).collect();
                Some((String::from_utf8(shown).unwrap(), length, names))
            }
            _ => None,
        }
    }

    #[test]
    fn of_a_head_only_what_frames_the_body_is_shown() {
        let head = b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-LENGTH: 2\r\nX-Trace: a\r\nConnection: close\r\n\r\n";
        let answer = [&head[..], b"{}"].concat();
        let (text, length, names) = shown(&answer).unwrap();
        assert_eq!(
            text,
            "HTTP/1.1 200\r\nContent-LENGTH:2\r\nConnection:close\r\n\r\n"
        );
        assert_eq!(length, head.len());
        assert_eq!(names, ["date", "content-length", "x-trace", "connection"]);
    }

    #[test]
    fn headers_that_contradict_each_other_are_all_shown() {
        let (text, _, _) = shown(
            b"HTTP/1.0 500 Oh\r\nContent-Length: 1\r\ncontent-length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .unwrap();
        let expected = "HTTP/1.0 500\r\nContent-Length:1\r\ncontent-length:2\r\nTransfer-Encoding:chunked\r\n\r\n";
        assert_eq!(text, expected);
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
                matches!(read(unusual, &mut Vec::new()), Beginning::Unusual),
                "{}",
                unusual.escape_ascii()
            );
        }
        assert!(matches!(
            read(
                b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
                &mut Vec::new()
            ),
            Beginning::Interim
        ));
        assert!(matches!(
            read(b"HTTP/1.1 200 OK\r\nContent-Le", &mut Vec::new()),
            Beginning::Incomplete
        ));
    }
}
