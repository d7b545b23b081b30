//! Request heads, with the header names as they were sent.

/// The most bytes that a request head may have.
pub(crate) const MOST_HEAD: usize = 64 * 1024;
const MOST_HEADERS: usize = 256;

#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) minor_version: u8,
    pub(crate) headers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHead {
    Malformed,
    TooLarge,
}

/// How the end of a request's body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
}

impl Head {
    /// The head at the beginning of these bytes and its length, or `None` while it is incomplete.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, BadHead> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => Ok(Some((
                Self {
                    method: request.method.unwrap_or_default().to_owned(),
                    target: request.path.unwrap_or_default().to_owned(),
                    minor_version: request.version.unwrap_or_default(),
                    headers: request
                        .headers
                        .iter()
                        .map(|header| {
                            (
                                header.name.to_owned(),
                                String::from_utf8_lossy(header.value).into_owned(),
                            )
                        })
                        .collect(),
                },
                length,
            ))),
            Ok(httparse::Status::Partial) if bytes.len() > MOST_HEAD => Err(BadHead::TooLarge),
            Ok(httparse::Status::Partial) => Ok(None),
            Err(httparse::Error::TooManyHeaders) => Err(BadHead::TooLarge),
            Err(_) => Err(BadHead::Malformed),
        }
    }

    /// The value of the first header whose name is spelled exactly like this.
    pub(crate) fn exact(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first header with this name in any case, as it is spelled here.
    pub(crate) fn any_case(&self, name: &str) -> Option<(&str, &str)> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(found, value)| (found.as_str(), value.as_str()))
    }

    /// The path, without a query.
    pub(crate) fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    pub(crate) fn keeps_alive(&self) -> bool {
        if self.lists("connection", "close") {
            false
        } else {
            self.minor_version >= 1 || self.lists("connection", "keep-alive")
        }
    }

    pub(crate) fn expects_continue(&self) -> bool {
        self.minor_version >= 1 && self.lists("expect", "100-continue")
    }

    pub(crate) fn framing(&self) -> Result<Framing, BadHead> {
        let coding = self.any_case("transfer-encoding");
        let mut lengths = self
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim());
        let length = lengths.next();
        if lengths.any(|other| Some(other) != length) || (coding.is_some() && length.is_some()) {
            return Err(BadHead::Malformed);
        }
        match (coding, length) {
            (Some((_, coding)), _) if coding.trim().eq_ignore_ascii_case("chunked") => {
                Ok(Framing::Chunked)
            }
            (Some(_), _) => Err(BadHead::Malformed),
            (None, Some(length)) if length.bytes().all(|byte| byte.is_ascii_digit()) => length
                .parse()
                .map(Framing::Length)
                .map_err(|_| BadHead::Malformed),
            (None, Some(_)) => Err(BadHead::Malformed),
            (None, None) => Ok(Framing::Length(0)),
        }
    }

    fn lists(&self, name: &str, wanted: &str) -> bool {
        self.headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .flat_map(|(_, value)| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::{BadHead, Framing, Head};

    fn head(text: &str) -> Head {
        Head::parse(text.as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn names_keep_their_spelling() {
        let head = head("POST /a?b HTTP/1.1\r\nX-aPi-KEY: one\r\nHost: h\r\n\r\n");
        assert_eq!(head.exact("X-aPi-KEY"), Some("one"));
        assert_eq!(head.exact("X-API-KEY"), None);
        assert_eq!(head.any_case("X-API-KEY"), Some(("X-aPi-KEY", "one")));
        assert_eq!(head.path(), "/a");
    }

    #[test]
    fn an_incomplete_head_is_waited_for_and_a_wrong_one_refused() {
        assert!(Head::parse(b"POST / HTTP/1.1\r\nHo").unwrap().is_none());
        assert_eq!(
            Head::parse(b"\x16\x03\x01\r\n\r\n").unwrap_err(),
            BadHead::Malformed
        );
        let endless = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(70_000));
        assert_eq!(
            Head::parse(endless.as_bytes()).unwrap_err(),
            BadHead::TooLarge
        );
    }

    #[test]
    fn one_way_of_framing_is_accepted() {
        let framing = |lines: &str| head(&format!("POST / HTTP/1.1\r\n{lines}\r\n")).framing();
        assert_eq!(framing(""), Ok(Framing::Length(0)));
        assert_eq!(framing("content-length: 12\r\n"), Ok(Framing::Length(12)));
        assert_eq!(
            framing("Transfer-Encoding: chunked\r\n"),
            Ok(Framing::Chunked)
        );
        assert_eq!(framing("Content-Length: -1\r\n"), Err(BadHead::Malformed));
        assert_eq!(
            framing("Content-Length: 1\r\nContent-Length: 2\r\n"),
            Err(BadHead::Malformed)
        );
        assert_eq!(
            framing("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
            Err(BadHead::Malformed)
        );
    }

    #[test]
    fn connections_are_kept_as_the_version_says() {
        assert!(head("GET / HTTP/1.1\r\n\r\n").keeps_alive());
        assert!(!head("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").keeps_alive());
        assert!(!head("GET / HTTP/1.0\r\n\r\n").keeps_alive());
        assert!(head("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").keeps_alive());
    }
}
