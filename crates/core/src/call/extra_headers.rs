//! Headers that a caller adds to one call, such as `traceparent`.

use crate::foundation::foreign_words::{MOST_NAME_BYTES, bounded};
use crate::model::Error;

/// More are refused, so that a mistake in a loop is noticed.
const MOST_HEADERS: usize = 64;
const LONGEST_NAME_BYTES: usize = 256;
const LONGEST_VALUE_BYTES: usize = 8 * 1024;

/// What this library writes itself, or what would change how the connection is used, in lower case.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-api-key",
    "x-polyai-correlation-id",
    "x-token",
];

/// Refuses headers that cannot be sent as they are. The value is not shown: it may be a secret.
pub(crate) fn check(headers: &[(String, String)]) -> Result<(), Error> {
    if headers.len() > MOST_HEADERS {
        return Err(Error::invalid_argument(format!(
            "a call can carry at most {MOST_HEADERS} headers; it has {}",
            headers.len()
        )));
    }
    for (name, value) in headers {
        if !is_token(name) {
            return Err(Error::invalid_argument(format!(
                "\"{}\" is not the name of a header: 1 to {LONGEST_NAME_BYTES} letters, digits and any of !#$%&'*+-.^_`|~",
                bounded(name.as_bytes(), MOST_NAME_BYTES)
            )));
        }
        if RESERVED
            .iter()
            .any(|reserved| name.eq_ignore_ascii_case(reserved))
        {
            return Err(Error::invalid_argument(format!(
                "the header {name} is set by this library and cannot be added to a call"
            )));
        }
        if !is_value(value) {
            return Err(Error::invalid_argument(format!(
                "the value of the header {name} cannot be sent: at most {LONGEST_VALUE_BYTES} visible ASCII characters and spaces, \
                 and no space at either end"
            )));
        }
    }
    Ok(())
}

fn is_token(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=LONGEST_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_part)
}

fn is_value(value: &str) -> bool {
    value.len() <= LONGEST_VALUE_BYTES
        && value.trim() == value
        && value
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &str, value: &str) -> Result<(), String> {
        check(&[(name.to_owned(), value.to_owned())]).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_header_of_tracing_is_taken() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(outcome("traceparent", parent), Ok(()));
        assert_eq!(outcome("X-Empty", ""), Ok(()));
    }

    #[test]
    fn a_header_that_would_change_the_request_is_refused() {
        for name in [
            "Host",
            "content-LENGTH",
            "X-Api-Key",
            "X-TOKEN",
            "Transfer-Encoding",
        ] {
            assert!(outcome(name, "1").unwrap_err().contains(name));
        }
        for name in ["", "a b", "a:b", "a\r\nb", "ä", &"n".repeat(257)] {
            assert!(outcome(name, "1").unwrap_err().contains("not the name"));
        }
    }

    #[test]
    fn a_value_that_breaks_the_head_is_refused_and_not_shown() {
        for value in [
            "a\r\nX-Api-Key: canary",
            "a\nb",
            "a\0b",
            " a",
            "ä",
            &"v".repeat(8_193),
        ] {
            let message = outcome("X-Own", value).unwrap_err();
            assert!(
                message.contains("X-Own") && !message.contains("canary"),
                "{message}"
            );
        }
    }

    #[test]
    fn there_is_a_limit() {
        let many = vec![("a".to_owned(), "b".to_owned()); 65];
        assert!(check(&many).unwrap_err().message().contains("65"));
    }
}
