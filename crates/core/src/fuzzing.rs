//! The parsers of what comes from outside, for the fuzz targets only. No part of the public interface.
#![allow(clippy::panic, reason = "this is how a fuzz target says what it found")]

use crate::config::Config;
use crate::dialect::{Envelope, read_close, read_create};
use crate::engine::{Told, parse_retry_after, told_of};
use crate::model::{Delivery, Dialect, Error, Operation};
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

const SAID: &str = "My card 4242 1881 was stolen on Monday";
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
        let request = format!("{{\"conversation_id\": \"c-1\", \"message\": \"{SAID}\"}}");
        for operation in [Operation::Create, Operation::Respond, Operation::Close] {
            let told = told_of(bytes, operation, request.as_bytes(), &resolved);
            let Ok(told) = told else {
                panic!("a call can begin");
            };
            if let Some(error) = &told.error {
                check(error, &told, operation);
            }
            let body = told.received.map_or(0, |received| received.body.len());
            assert!(body <= resolved.0.max_body_bytes, "{body} bytes are kept");
        }
    }
}

/// The table of verdicts, read the other way round.
fn check(error: &Error, told: &Told, operation: Operation) {
    let contains = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|here| here == part);
    assert_ne!(error.delivery(), Delivery::NotSent, "it was sent: {error}");
    if error.delivery() == Delivery::Rejected {
        let Some(received) = &told.received else {
            panic!("nobody has rejected it: {error}");
        };
        match received.status {
            200..=299 => assert!(
                operation == Operation::Close && told.is_complete,
                "it may have been taken: {error}"
            ),
            300..=302 | 304..=399 | 401..=407 | 409..=499 => {}
            400 => {
                assert!(
                    !contains(&received.body, b"FUNCTION_"),
                    "the agent's code may have run: {error}"
                );
                assert!(
                    told.is_complete || error.error_code().is_some(),
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
    for canary in [SAID.to_lowercase().as_str(), KEY] {
        assert!(!shown.contains(canary), "{shown}");
    }
    assert!(
        !shown.chars().any(char::is_control),
        "a line is disturbed: {shown:?}"
    );
}
