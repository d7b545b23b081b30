//! The head of an answer. The HTTP library would make a map of its headers that nobody asks for: it is shown only those that
//! it decides by.

use crate::model::Headers;
use httparse::{Header, Response, Status};
use std::mem::MaybeUninit;

/// The library's own limit.
const MOST_HEADERS: usize = 128;

/// How the body is framed, and whether the connection can be kept.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "connection"];

/// "HTTP/1.1 200": what the reason is called is nobody's concern.
const STATUS_BYTES: usize = 12;

/// How much is shown at most; of what needs more, the library reads the whole head.
const MOST_SHOWN_BYTES: usize = 256;

/// What the beginning of an answer is.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, on the stack, and most are heads"
)]
pub(super) enum Beginning {
    /// More has to come.
    Incomplete,
    /// An answer that only says that another one will come.
    Interim,
    /// Nothing that we make sense of. The library does, or has the words for what is wrong.
    Unusual,
    /// The head of the answer.
    Head {
        length: usize,
        headers: Headers,
        shown: Shown,
    },
}

/// A head with the same status, and of its headers only those that the library decides by.
pub(super) struct Shown {
    bytes: [u8; MOST_SHOWN_BYTES],
    length: usize,
}

impl Shown {
    fn new(received: &[u8], headers: &[Header<'_>]) -> Option<Self> {
        let mut shown = Self {
            bytes: [0; MOST_SHOWN_BYTES],
            length: 0,
        };
        shown.write(received.trim_ascii_start().get(..STATUS_BYTES)?)?;
        for header in headers {
            let name = header.name;
            if FRAMING.iter().any(|shown| shown.eq_ignore_ascii_case(name)) {
                for part in [b"\r\n", name.as_bytes(), b":", header.value] {
                    shown.write(part)?;
                }
            }
        }
        shown.write(b"\r\n\r\n")?;
        Some(shown)
    }

    fn write(&mut self, part: &[u8]) -> Option<()> {
        let end = self.length + part.len();
        self.bytes.get_mut(self.length..end)?.copy_from_slice(part);
        self.length = end;
        Some(())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
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
        Some(_) => match Shown::new(received, response.headers) {
            None => Beginning::Unusual,
            Some(shown) => {
                let headers = response.headers.iter();
                let headers = headers.map(|header| (header.name, header.value));
                Beginning::Head {
                    length,
                    headers: Headers::new(headers),
                    shown,
                }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(received: &[u8]) -> (String, usize, Vec<String>) {
        let Beginning::Head {
            length,
            headers,
            shown,
        } = read(received)
        else {
            panic!("{} is no head", received.escape_ascii());
        };
        let names = headers.iter().map(|(name, _)| name.to_owned()).collect();
        let text = String::from_utf8(shown.as_bytes().to_vec()).unwrap();
        (text, length, names)
    }

    #[test]
    fn of_a_head_only_what_frames_the_body_is_shown() {
        let head = b"\r\nHTTP/1.1 200 OK\r\nDate: now\r\nContent-LENGTH: 2\r\nX-Trace: a\r\nConnection: close\r\n\r\n";
        let answer = [&head[..], b"{}"].concat();
        let (text, length, names) = shown(&answer);
        assert_eq!(
            text,
            "HTTP/1.1 200\r\nContent-LENGTH:2\r\nConnection:close\r\n\r\n"
        );
        assert_eq!(length, head.len());
        assert_eq!(names, ["date", "content-length", "x-trace", "connection"]);
    }

    #[test]
    fn headers_that_contradict_each_other_are_all_shown() {
        let head = b"HTTP/1.0 500 Oh\nContent-Length: 1\ncontent-length: 2\nTransfer-Encoding: chunked\n\n";
        let expected = "HTTP/1.0 500\r\nContent-Length:1\r\ncontent-length:2\r\nTransfer-Encoding:chunked\r\n\r\n";
        assert_eq!(shown(head).0, expected);
    }

    #[test]
    fn what_is_no_head_is_left_as_it_is() {
        let too_many = format!(
            "HTTP/1.1 200 OK\r\n{}\r\n",
            "a: b\r\n".repeat(MOST_HEADERS + 1)
        );
        let long = format!(
            "HTTP/1.1 200 OK\r\nConnection: {}\r\n\r\n",
            "x".repeat(MOST_SHOWN_BYTES)
        );
        for unusual in [
            long.as_bytes(),
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
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
