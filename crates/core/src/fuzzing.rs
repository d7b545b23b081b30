//! The parsers of what comes from outside, for the fuzz targets only. No part of the public interface.
#![allow(clippy::panic, reason = "this is how a fuzz target says what it found")]

use crate::config::Config;
use crate::dialect::{Envelope, read_close, read_create};
use crate::engine::{AnswerOutcome, outcome_of_answer, parse_retry_after};
use crate::model::{Delivery, Dialect, Error, Operation, plain_text};
use std::time::SystemTime;

/// Reads bytes as each kind of answer, in both dialects.
pub fn read_reply(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = read_create(text);
        let _ = Dialect::Current.read_respond(text, "c");
        let _ = Dialect::Legacy.read_respond(text, "c");
        let _ = read_close(text);
    }
}

/// Reads bytes as the envelope of an error.
pub fn read_envelope(bytes: &[u8]) {
    let _ = Envelope::read(bytes);
}

/// Reads bytes as the value of `Retry-After`.
pub fn read_retry_after(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = parse_retry_after(text, SystemTime::UNIX_EPOCH);
    }
}

/// Reads bytes as Markdown.
///
/// # Panics
/// Where the plain text holds what it never should, or is much longer.
pub fn make_plain_text(bytes: &[u8]) {
    let Ok(markdown) = std::str::from_utf8(bytes) else {
        return;
    };
    let text = plain_text(markdown);
    let is_control = |it: char| it.is_control() && !matches!(it, '\n' | '\t');
    assert!(!text.contains(is_control), "{text:?}");
    assert!(!text.contains("\n\n\n"), "{text:?}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text:?}");
    assert!(text.len() <= 1024 + markdown.len() * 32, "{text:?}");
}

const MESSAGE: &str = "My card 4242 1881 was stolen on Monday";
const KEY: &str = "canary-key-3f9a";

/// Reads bytes as the whole answer to each operation in both dialects, and compares the verdict with what the server may have done.
///
/// # Panics
/// Where a server that may have acted on the request is believed not to have, where an error shows what was sent, and where it
/// shows too much.
pub fn read_answer(bytes: &[u8]) {
    for dialect in ["current", "legacy"] {
        let config = Config::new()
            .base_url("https://chat.example")
            .account_id("acme-uk")
            .project_id("acme-team-4")
            .api_key(KEY)
            .token("canary-token-71bc")
            .max_body_bytes(64 * 1024)
            .max_header_bytes(8 * 1024)
            .dialect(dialect);
        let Ok(resolved) = config.resolve() else {
            panic!("the configuration is right");
        };
        let request = format!("{{\"conversation_id\": \"c-1\", \"message\": \"{MESSAGE}\"}}");
        for operation in [Operation::Create, Operation::Respond, Operation::Close] {
            let outcome = outcome_of_answer(bytes, operation, request.as_bytes(), &resolved);
            let Ok(outcome) = outcome else {
                panic!("a call can begin");
            };
            if let Some(error) = &outcome.error {
                check(error, &outcome, operation);
            }
            let body = outcome.received.map_or(0, |received| received.body.len());
            assert!(body <= resolved.0.max_body_bytes, "{body} bytes are kept");
        }
    }
}

/// The table of verdicts, read the other way round.
fn check(error: &Error, outcome: &AnswerOutcome, operation: Operation) {
    let contains = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|here| here == part);
    assert_ne!(error.delivery(), Delivery::NotSent, "it was sent: {error}");
    if error.delivery() == Delivery::Rejected {
        let Some(received) = &outcome.received else {
            panic!("nobody has rejected it: {error}");
        };
        match received.status {
            200..=299 => assert!(
                operation == Operation::Close && outcome.is_complete,
                "it may have been taken: {error}"
            ),
            300..=302 | 304..=399 | 401..=407 | 409..=499 => {}
            400 => {
                assert!(
                    !contains(&received.body, b"FUNCTION_"),
                    "the agent's code may have run: {error}"
                );
                assert!(
                    outcome.is_complete || error.error_code().is_some(),
                    "the code may have been cut off: {error}"
                );
                let encoding = received.headers.get("content-encoding");
                let is_plain = |encoding: &[u8]| encoding.eq_ignore_ascii_case(b"identity");
                assert!(
                    encoding.is_none_or(is_plain),
                    "the code may be compressed: {error}"
                );
            }
            status => panic!("{status} proves nothing: {error}"),
        }
    }
    let shown = format!(
        "{error} {error:?} {:?} {:?} {:?}",
        error.error_code(),
        error.service_message(),
        error.body_excerpt()
    );
    assert!(shown.len() < 16 * 1024, "{} bytes are shown", shown.len());
    let shown = shown.to_lowercase();
    for canary in [MESSAGE.to_lowercase().as_str(), KEY] {
        assert!(!shown.contains(canary), "{shown}");
    }
    assert!(
        !shown.chars().any(char::is_control),
        "a line is disturbed: {shown:?}"
    );
}
