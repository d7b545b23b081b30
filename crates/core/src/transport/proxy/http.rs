//! CONNECT. It is used for plain http targets too: the proxy then neither sees nor changes a header, and no key gets
//! into its log.

use super::agreement::{Agreement, refused};
use crate::foundation::foreign_words::bounded;
use crate::foundation::version::USER_AGENT;
use crate::transport::failure::Failure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The most that is read of a proxy's answer.
const MOST_HEAD_BYTES: usize = 16 * 1024;
/// How much of its words is shown.
const EXCERPT_BYTES: usize = 200;
/// How an answer begins.
const PROTOCOL: &[u8] = b"HTTP/";
/// How a TLS alert begins, which is what a TLS server answers to plain text.
const TLS_ALERT: u8 = 0x15;

/// Has the proxy connect to a host.
pub(super) fn connect(agreement: &mut Agreement<'_>, host: &str, port: u16) -> Result<(), Failure> {
    let beginning = format!(
        "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {USER_AGENT}\r\n"
    );
    let mut parts = vec![beginning.as_str()];
    let credentials = agreement.proxy.credentials.as_ref();
    let login = credentials.map(|it| Zeroizing::new(STANDARD.encode(it.login())));
    if let Some(login) = &login {
        parts.extend(["Proxy-Authorization: Basic ", login, "\r\n"]);
    }
    parts.push("\r\n");
    // At once: a text that grows leaves copies of the login behind.
    let request = Zeroizing::new(parts.concat());
    agreement.write_all(request.as_bytes())?;

    let mut bytes_left = MOST_HEAD_BYTES;
    loop {
        let head = read_head(agreement, &mut bytes_left)?;
        let answer = Answer::parse(&head)
            .ok_or_else(|| refused(format!("its answer is not HTTP: {}", excerpt(&head))))?;
        match answer.status {
            // Interim answers.
            100..=199 => {}
            200..=299 => return Ok(()),
            407 => return Err(wrong_credentials(agreement, &answer)),
            // Some proxies take the wrong one of the two, tinyproxy among them. It need not mean the same, so it is
            // tried again as every other refusal.
            401 => return Err(refused(wrong_credentials(agreement, &answer).detail)),
            status => return Err(refused(format!("it answered {status}{}", answer.words()))),
        }
    }
}

/// Reads a head and not a byte more.
fn read_head(agreement: &mut Agreement<'_>, bytes_left: &mut usize) -> Result<String, Failure> {
    let mut head = Vec::new();
    while !head.ends_with(b"\n\r\n") && !head.ends_with(b"\n\n") {
        *bytes_left = bytes_left.checked_sub(1).ok_or_else(|| {
            refused(format!(
                "the head of its answer is larger than {MOST_HEAD_BYTES} bytes"
            ))
        })?;
        let [byte] = agreement.read_exact()?;
        head.push(byte);
        // Something else than an HTTP proxy may wait for us now, so its first words must do.
        if head.len() <= PROTOCOL.len() && !PROTOCOL.starts_with(&head) {
            return Err(refused(match byte {
                TLS_ALERT if head.len() == 1 => {
                    "it speaks TLS; its URL must begin with https://".to_owned()
                }
                _ => format!(
                    "its answer is not HTTP, it begins with {}",
                    excerpt(&String::from_utf8_lossy(&head))
                ),
            }));
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

struct Answer<'a> {
    status: u16,
    reason: &'a str,
    head: &'a str,
}

impl<'a> Answer<'a> {
    fn parse(head: &'a str) -> Option<Self> {
        let (version, rest) = head.lines().next()?.split_once(' ')?;
        let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        (version.starts_with("HTTP/1.") && is_status).then_some(Self {
            status: status.parse().ok()?,
            reason: reason.trim(),
            head,
        })
    }

    fn header(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// What it says beside its status.
    fn words(&self) -> String {
        let mut words = String::new();
        if !self.reason.is_empty() {
            words.push_str(&format!(" {}", excerpt(self.reason)));
        }
        let detail = self
            .header("proxy-status")
            .chain(self.header("x-squid-error"))
            .next();
        if let Some(detail) = detail {
            words.push_str(&format!(" ({})", excerpt(detail)));
        }
        words
    }
}

fn wrong_credentials(agreement: &Agreement<'_>, answer: &Answer<'_>) -> Failure {
    let status = answer.status;
    let schemes: Vec<&str> = answer
        .header("proxy-authenticate")
        .chain(answer.header("www-authenticate"))
        .flat_map(schemes_of)
        .collect();
    let knows_basic = schemes
        .iter()
        .any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    if !schemes.is_empty() && !knows_basic {
        let offered = excerpt(&schemes.join(", "));
        let words = format!("it wants {offered} ({status}), and only Basic is supported");
        return agreement.wrong_credentials(&words, &words);
    }
    agreement.wrong_credentials(
        &format!("it does not accept the user name and password ({status})"),
        &format!("it asks for a user name and a password ({status})"),
    )
}

/// The schemes in a list of challenges (RFC 9110, section 11.6.1), which separates them by commas and their parameters too: what is
/// before the first space of an element is a scheme, unless it is a parameter's name.
fn schemes_of(challenges: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    challenges
        .split(move |character| {
            is_quoted ^= character == '"';
            character == ',' && !is_quoted
        })
        .filter_map(|element| element.split_whitespace().next())
        .filter(|word| !word.contains('='))
}

fn excerpt(text: &str) -> String {
    bounded(text.as_bytes(), EXCERPT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read_and_nothing_else_is_taken_for_one() {
        for (head, expected) in [
            (
                "HTTP/1.1 200 Connection established\r\n\r\n",
                Some((200, "Connection established")),
            ),
            ("HTTP/1.0 200\r\n\r\n", Some((200, ""))),
            ("HTTP/1.1 502 Bad  Gateway\n\n", Some((502, "Bad  Gateway"))),
            ("HTTP/2 200\r\n\r\n", None),
            ("HTTP/1.1 2000 x\r\n\r\n", None),
            ("HTTP/1.1 +20 x\r\n\r\n", None),
            ("HTTP/1.1\r\n\r\n", None),
            ("\r\n\r\n", None),
        ] {
            let answer = Answer::parse(head).map(|answer| (answer.status, answer.reason));
            assert_eq!(answer, expected, "{head:?}");
        }
    }

    #[test]
    fn schemes_are_found_in_lists_of_challenges() {
        for (challenges, expected) in [
            ("Basic realm=\"x\"", &["Basic"][..]),
            (
                "Negotiate, NTLM, Basic realm=\"x\"",
                &["Negotiate", "NTLM", "Basic"],
            ),
            (
                "Digest realm=\"a, Basic b\", qop=auth,Basic",
                &["Digest", "Basic"],
            ),
            (" , NTLM", &["NTLM"]),
            ("", &[]),
        ] {
            let found: Vec<_> = schemes_of(challenges).collect();
            assert_eq!(found, expected, "{challenges}");
        }
    }

    #[test]
    fn words_are_cut_and_hold_no_control_character() {
        let head = format!(
            "HTTP/1.1 503 {}\u{1b}[31m\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\n\r\n",
            "x".repeat(150)
        );
        let words = Answer::parse(&head).unwrap().words();
        assert!(
            words.contains("\\u{1b}") && words.ends_with(" (ERR_DNS_FAIL 0)"),
            "{words}"
        );
    }
}
