//! The parsers of what comes from outside, for the fuzz targets only. No part of the public interface.

use crate::dialect::{Envelope, read_close, read_create};
use crate::engine::parse_retry_after;
use crate::model::Dialect;
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
