//! What a call carries beside its message, by the names of the service's fields.

use crate::arguments::{Handle, new_handle, text};
use crate::boundary::{fallible, plain};
use crate::callback::Callback;
use crate::cancel::polyai_cancel;
use crate::config::open;
use crate::constants::{polyai_check_callback, polyai_release_callback, polyai_status};
use crate::error::polyai_error;
use crate::handle::{Kind, Object};
use polyai_chat_core::{Close, Create, Error, Request, Respond};
use std::ffi::{c_char, c_void};
use std::sync::Mutex;
use std::time::Duration;

/// What one call has of its own.
#[derive(Default)]
pub struct polyai_request(Mutex<Request>);

impl Object for polyai_request {
    const KIND: Kind = Kind::Request;
}

/// Makes a request in which nothing is set. It can be used for any number of calls, and changed between them.
///
/// NULL only when the table of handles is full. Functions treat that NULL as "no request".
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn polyai_request_new() -> *mut polyai_request {
    plain(|| new_handle(polyai_request::default()))
}

/// Frees a request. Calls that were started with it keep their copy.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_request_free(request: *mut polyai_request) {
    plain(|| request.free("request"));
}

/// Sets a field of the request's body, or the correlation id.
///
/// For create: `integration_attributes` (a JSON object), `variant_id`, `channel`, `asr_lang_code`, `tts_lang_code`; in
/// the legacy dialect `user_id`, `message` and `metadata` (a JSON object). For respond: `integration_attributes`,
/// `metadata`, `asr_lang_code`, `tts_lang_code`. For all: `correlation_id`, sent instead of a new UUID, and `extra` (a
/// JSON object), whose entries are merged into the body, for fields that this library does not know.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT` for an unknown field, or JSON that is none or no object. Nothing is changed
/// then. The call checks whether operation and dialect have the field.
///
/// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_request_set(
    request: *mut polyai_request,
    field: *const c_char,
    field_length: usize,
    value: *const c_char,
    value_length: usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let request = request.get("request")?;
        let (name, value) = (
            text(field, field_length, "field")?,
            text(value, value_length, "value")?,
        );
        open(&request.0, "polyai_request")?.set(name, value)
    })
}

/// Adds one text to `integration_attributes`, such as `customer_name`.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_request_set_attribute(
    request: *mut polyai_request,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let request = request.get("request")?;
        let (name, value) = (
            text(name, name_length, "name")?,
            text(value, value_length, "value")?,
        );
        open(&request.0, "polyai_request")?.set_attribute(name, value);
        Ok(())
    })
}

/// Adds a header to the calls, such as `traceparent`, or replaces the one that was added under this name. For tracing and for gateways
/// in between.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT` where the name is not one of a header, the value is not visible ASCII, or the library sets
/// that header itself. Nothing is changed then.
///
/// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_request_set_header(
    request: *mut polyai_request,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let request = request.get("request")?;
        let (name, value) = (
            text(name, name_length, "name")?,
            text(value, value_length, "value")?,
        );
        open(&request.0, "polyai_request")?.set_header(name, value)
    })
}

/// Sets the deadline of the calls, in milliseconds from 1 to 86,400,000, in place of the client's. It covers everything
/// that a call waits for.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_request_set_timeout_ms(
    request: *mut polyai_request,
    timeout_ms: u64,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let request = request.get("request")?;
        if !(1..=86_400_000).contains(&timeout_ms) {
            return Err(Error::invalid_argument(format!(
                "timeout_ms is {timeout_ms}; it must be from 1 to 86400000"
            )));
        }
        let timeout = Duration::from_millis(timeout_ms);
        open(&request.0, "polyai_request")?.set_timeout(timeout);
        Ok(())
    })
}

/// Gives the calls a token that can end them; NULL takes it away. The token may be freed while calls have it.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
/// May be NULL: cancel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_request_set_cancel(
    request: *mut polyai_request,
    cancel: *const polyai_cancel,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let (request, cancel) = (request.get("request")?, cancel.get_optional("cancel")?);
        let token = cancel.as_ref().map(|cancel| &cancel.0);
        open(&request.0, "polyai_request")?.set_cancel(token);
        Ok(())
    })
}

/// Gives the calls a check that they run while they wait; anything but 0 cancels. For hosts that learn by asking whether the
/// caller has hung up.
///
/// `release` as in `polyai_config_set_log_callback`.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_request_set_check(
    request: *mut polyai_request,
    callback: polyai_check_callback,
    user_data: *mut c_void,
    release: polyai_release_callback,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let callback = Callback::new(callback, user_data, release)?;
        let request = request.get("request")?;
        // SAFETY: the caller says that it can be called so.
        let check = move || unsafe { callback.function()(callback.user_data()) != 0 };
        open(&request.0, "polyai_request")?.set_check(check);
        Ok(())
    })
}

pub(crate) fn create(request: *const polyai_request) -> Result<Create, Error> {
    match content(request)? {
        Some(request) => Create::try_from(request),
        None => Ok(Create::new()),
    }
}

pub(crate) fn respond(
    request: *const polyai_request,
    message: Option<&str>,
) -> Result<Respond, Error> {
    let respond = match content(request)? {
        Some(request) => Respond::try_from(request)?,
        None => Respond::without_message(),
    };
    Ok(match message {
        Some(message) => respond.message(message),
        None => respond,
    })
}

pub(crate) fn close(request: *const polyai_request) -> Result<Close, Error> {
    match content(request)? {
        Some(request) => Close::try_from(request),
        None => Ok(Close::new()),
    }
}

/// What C has put into a request, if there is one.
fn content(request: *const polyai_request) -> Result<Option<Request>, Error> {
    match request.get_optional("request")? {
        Some(request) => Ok(Some(open(&request.0, "polyai_request")?.clone())),
        None => Ok(None),
    }
}
