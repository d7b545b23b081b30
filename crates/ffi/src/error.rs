//! Why a call failed.

use crate::arguments::{Handle, Out, give_header, lend, text};
use crate::boundary::plain;
use crate::constants::{polyai_delivery, polyai_status};
use crate::handle::{Kind, Object};
use crate::text::{LazyHeaders, LazyText, OwnedText};
use polyai_chat_core::{Attempt, Value};
use std::ffi::c_char;

/// Why a call failed, and whether the service may have acted on it.
pub struct polyai_error {
    error: polyai_chat_core::Error,
    texts: Texts,
}

/// What was lent out, kept as long as the error is.
#[derive(Default)]
struct Texts {
    text: LazyText,
    kind_name: LazyText,
    message: LazyText,
    phase: LazyText,
    error_code: LazyText,
    service_message: LazyText,
    correlation_id: LazyText,
    body_excerpt: LazyText,
    cause: LazyText,
    attempts: LazyText,
    json: LazyText,
    headers: LazyHeaders,
}

impl Object for polyai_error {
    const KIND: Kind = Kind::Error;
}

impl polyai_error {
    pub(crate) fn new(error: polyai_chat_core::Error) -> Self {
        Self {
            error,
            texts: Texts::default(),
        }
    }
}

/// Lends a text of an error.
///
/// # Safety
/// As [`lend`].
unsafe fn lend_text(
    error: *const polyai_error,
    length: *mut usize,
    text: impl for<'a> FnOnce(&polyai_chat_core::Error, &'a Texts) -> Option<&'a OwnedText>,
) -> Result<*const c_char, polyai_chat_core::Error> {
    let error = error.get("error")?;
    // SAFETY: as the caller says.
    Ok(unsafe { lend(text(&error.error, &error.texts), length) })
}

/// Frees an error, and with it all texts that came from it.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_error_free(error: *mut polyai_error) {
    plain(|| error.free("error"));
}

/// What the call returned: the kind of the failure. 0 where the handle is wrong.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_error_status(error: *const polyai_error) -> polyai_status {
    plain(|| Ok(error.get("error")?.error.kind().number()))
}

/// The name of the kind, such as `timeout`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_kind(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.kind_name.get(|| Some(error.kind().name()))
        })
    })
}

/// All of it in one line, for a log: kind, message, delivery, correlation id. Key, token, the proxy's password and the message of
/// this call are hidden in it, also where the other side repeats them.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_text(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.text.get(|| Some(error.to_string()))
        })
    })
}

/// What went wrong and what would be right, without kind, delivery and correlation id.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_message(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.message.get(|| Some(error.message()))
        })
    })
}

/// Whether the request reached the conversation: one of `POLYAI_DELIVERY_...`; 0 where the handle is wrong.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_error_delivery(error: *const polyai_error) -> polyai_delivery {
    plain(|| Ok(error.get("error")?.error.delivery() as u32))
}

/// Whether the same request may be sent again without the risk of doubling it: true unless the delivery is unknown.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_error_may_resend(error: *const polyai_error) -> bool {
    plain(|| Ok(error.get("error")?.error.may_resend()))
}

/// Where in its course the call failed: `prepare`, `queue`, `resolve`, `connect`, `proxy`, `tls`, `send`, `headers`,
/// `body`, `reply` or `pause`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_phase(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.phase.get(|| Some(error.phase().name()))
        })
    })
}

/// The HTTP status of the answer; 0 where there was none.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_error_http_status(error: *const polyai_error) -> u32 {
    plain(|| Ok(error.get("error")?.error.status().map_or(0, u32::from)))
}

/// The service's own code, such as `CHAT_TIMEOUT`; NULL where it gave none. New codes may appear at any time.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_code(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.error_code.get(|| error.error_code())
        })
    })
}

/// The service's own words about the error; NULL where it gave none.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_service_message(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.service_message.get(|| error.service_message())
        })
    })
}

/// The id that the service's support asks for. Timeouts have one too; NULL where no request was made.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_correlation_id(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.correlation_id.get(|| error.correlation_id())
        })
    })
}

/// How long the service asked to wait before trying again, in milliseconds; false where it did not, and then nothing is
/// written. `retry_after_ms` may not be NULL.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_retry_after_ms(
    error: *const polyai_error,
    retry_after_ms: *mut u64,
) -> bool {
    plain(|| {
        let error = error.get("error")?;
        match error.error.retry_after() {
            Some(pause) => {
                let milliseconds = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                Out::new(retry_after_ms, "retry_after_ms")?.give(milliseconds);
                Ok(true)
            }
            None => Ok(false),
        }
    })
}

/// A header of the answer, as `polyai_reply_header`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// Any bytes, not only UTF-8: result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_header(
    error: *const polyai_error,
    name: *const c_char,
    name_length: usize,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let error = error.get("error")?;
        let name = text(name, name_length, "name")?;
        Ok(lend(
            error.texts.headers.find(error.error.headers(), name),
            length,
        ))
    })
}

/// How many headers the answer has; 0 where there was none.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_error_header_count(error: *const polyai_error) -> usize {
    plain(|| {
        let error = error.get("error")?;
        Ok(error.texts.headers.get(error.error.headers()).len())
    })
}

/// One header of the answer, counted from 0, as `polyai_reply_header_at`; false where there is none with that number, and then nothing is written.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// Any bytes, not only UTF-8: *value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_header_at(
    error: *const polyai_error,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
    value_length: *mut usize,
) -> bool {
    plain(|| {
        let error = error.get("error")?;
        let headers = error.texts.headers.get(error.error.headers());
        Ok(give_header(headers.get(index), name, value, value_length))
    })
}

/// The first bytes of an answer that was refused or could not be understood; NULL where there was none. Treat it like the
/// conversation itself: it may hold what the service chose to put there.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_body_excerpt(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.body_excerpt.get(|| error.body_excerpt())
        })
    })
}

/// What the systems below said, such as the network or TLS, from the outermost to the innermost; NULL where they said nothing.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_cause(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.cause.get(|| error.causes())
        })
    })
}

/// The tries that the call made, oldest first, as a JSON array of what `polyai_config_set_attempt_callback` lists.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_attempts_json(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            let json = || {
                error
                    .attempts()
                    .iter()
                    .map(Attempt::to_json)
                    .collect::<Value>()
            };
            texts.attempts.get(|| Some(json().to_string()))
        })
    })
}

/// All of it as one JSON object: `kind`, `number`, `delivery`, `may_resend`, `phase`, `message`, `text`, `http_status`,
/// `error_code`, `service_message`, `correlation_id`, `retry_after_ms`, `body_excerpt`, `cause`, `attempts`, `headers`. What is not
/// known is null. `headers` is an array of pairs: the name, and the value as text, or as an array of its bytes where it is not
/// UTF-8.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_error_json(
    error: *const polyai_error,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        lend_text(error, length, |error, texts| {
            texts.json.get(|| Some(error.to_json().to_string()))
        })
    })
}

/// How many tries the call made.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_error_attempt_count(error: *const polyai_error) -> usize {
    plain(|| Ok(error.get("error")?.error.attempts().len()))
}
