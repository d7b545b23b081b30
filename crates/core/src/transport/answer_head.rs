//! The head of an answer. The HTTP library would make a map of its headers that nobody asks for: it is shown only those that
//! it decides by.

use crate::model::Headers;
use httparse::{Header, Response, Status};
use std::mem::MaybeUninit;
use std::time::Duration;

/// What the headers of an answer seldom exceed; more of them cost more.
const USUAL_HEADERS: usize = 32;

/// How the body is framed, and whether the connection can be kept.
const FRAMING: [&str; 3] = ["content-length", CODING, "connection"];
pub(super) const CODING: &str = "transfer-encoding";

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
    Interim { length: usize },
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
    /// How long an idle connection may be used again, where the other side says so.
    pub(super) held_for: Option<Duration>,
    /// Whether there is a Transfer-Encoding.
    pub(super) has_coding: bool,
}

impl Shown {
    fn new(received: &[u8], headers: &[Header<'_>]) -> Option<Self> {
        let mut shown = Self {
            bytes: [0; MOST_SHOWN_BYTES],
            length: 0,
            held_for: None,
            has_coding: false,
        };
        shown.write(received.trim_ascii_start().get(..STATUS_BYTES)?)?;
        for header in headers {
            let name = header.name;
            if FRAMING.iter().any(|shown| shown.eq_ignore_ascii_case(name)) {
                shown.has_coding |= name.len() == CODING.len();
                for part in [b"\r\n", name.as_bytes(), b":", header.value] {
                    shown.write(part)?;
                }
            } else if name.eq_ignore_ascii_case("keep-alive") {
                shown.held_for = held_for(header.value);
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
    let mut places = [const { MaybeUninit::uninit() }; USUAL_HEADERS];
    if let Ok(beginning) = read_into(received, &mut places) {
        return beginning;
    }
    match (read_with_room(received), unfolded(received)) {
        (Beginning::Unusual, Some(received)) => read_with_room(&received),
        (beginning, _) => beginning,
    }
}

/// As [`read`], for as many headers as there are lines, of which the last may have no end yet.
#[cold]
#[inline(never)]
fn read_with_room(received: &[u8]) -> Beginning {
    let ends = received.iter().filter(|byte| **byte == b'\n').count();
    let mut places = vec![MaybeUninit::uninit(); ends + 1];
    read_into(received, &mut places).unwrap_or(Beginning::Unusual)
}

fn read_into<'a>(
    received: &'a [u8],
    places: &mut [MaybeUninit<Header<'a>>],
) -> Result<Beginning, httparse::Error> {
    let mut response = Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        received,
        places,
    )?;
    let Status::Complete(length) = parsed else {
        return Ok(Beginning::Incomplete);
    };
    Ok(match response.code {
        None | Some(..100 | 101) => Beginning::Unusual,
        Some(100..200) => Beginning::Interim { length },
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
    })
}

/// What was received with every header on one line, where one is folded over several (RFC 9112, 5.2). The length stays.
#[cold]
#[inline(never)]
fn unfolded(received: &[u8]) -> Option<Vec<u8>> {
    let mut unfolded = received.to_vec();
    let mut has_fold = false;
    let mut rest = unfolded.as_mut_slice();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, behind) = rest.split_at_mut(end + 1);
        match behind.first() {
            Some(b' ' | b'\t') => {
                has_fold = true;
                for byte in line
                    .iter_mut()
                    .rev()
                    .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                {
                    *byte = b' ';
                }
            }
            // The head ends here.
            Some(b'\r' | b'\n') if !line.trim_ascii().is_empty() => break,
            _ => {}
        }
        rest = behind;
    }
    has_fold.then_some(unfolded)
}

/// How long the other side holds an idle connection, as `Keep-Alive` says it.
#[cold]
#[inline(never)]
fn held_for(value: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?;
    let mut held_for = None;
    for (name, number) in text.split(',').filter_map(|part| part.split_once('=')) {
        let Ok(number) = number.trim().trim_matches('"').parse::<u32>() else {
            continue;
        };
        let name = name.trim();
        if name.eq_ignore_ascii_case("timeout") {
            let announced = Duration::from_secs(number.into());
            // What is sent towards the end of that time arrives after it.
            held_for = Some(announced - (announced / 4).min(Duration::from_secs(1)));
        } else if number == 0 && name.eq_ignore_ascii_case("max") {
            return Some(Duration::ZERO);
        }
    }
    held_for
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
    fn bytes_that_are_no_head_are_left_alone() {
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
        ] {
            assert!(
                matches!(read(unusual), Beginning::Unusual),
                "{}",
                unusual.escape_ascii()
            );
        }
        assert!(matches!(
            read(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"),
            Beginning::Interim { length: 37 }
        ));
        assert!(matches!(
            read(b"HTTP/1.1 200 OK\r\nContent-Le"),
            Beginning::Incomplete
        ));
    }

    #[test]
    fn headers_may_be_many_and_folded() {
        let many = "a: b\r\n".repeat(1000);
        let head = format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 2\r\n\r\n");
        let (text, length, names) = shown(head.as_bytes());
        assert_eq!(text, "HTTP/1.1 200\r\nContent-Length:2\r\n\r\n");
        assert_eq!((length, names.len()), (head.len(), 1001));

        let head = b"HTTP/1.1 200 OK\r\nX: a\r\n\t b\r\nTransfer-Encoding:\r\n chunked\r\n\r\n";
        let answer = [&head[..], b"1\r\n \r\n"].concat();
        let Beginning::Head {
            length, headers, ..
        } = read(&answer)
        else {
            panic!("it is a head");
        };
        assert_eq!(length, head.len());
        assert_eq!(headers.text("x"), Some("a  \t b"));
        assert!(shown(&answer).0.contains("chunked"));
        assert!(matches!(read(&answer[..30]), Beginning::Incomplete));
    }

    #[test]
    fn the_keep_alive_header_is_read() {
        for (value, expected) in [
            ("timeout=2", Some(1_500)),
            ("timeout=60, max=100", Some(59_000)),
            ("max=5; x, Timeout = \"5\"", Some(4_000)),
            ("timeout=0", Some(0)),
            ("timeout=5, max=0", Some(0)),
            ("timeout=soon", None),
            ("5", None),
            ("timeout=99999999999999999999", None),
        ] {
            let held_for = held_for(value.as_bytes());
            assert_eq!(held_for, expected.map(Duration::from_millis), "{value}");
        }
    }
}
