//! What a call carries beside its message, by the names of the service's fields.

use crate::arguments::{Handle, new_handle, text};
use crate::boundary::{fallible, plain};
use crate::callback::Callback;
use crate::cancel::polyai_cancel;
use crate::config::open;
use crate::constants::{polyai_check_callback, polyai_release_callback, polyai_status};
use crate::error::polyai_error;
use crate::handle::{Kind, Object};
use crate::request_fields::{FIELDS, Field};
use polyai_chat_core::{CancelToken, Close, Create, Error, Map, Operation, Respond, Value};
use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What one call has of its own.
#[derive(Default)]
pub struct polyai_request(Mutex<Content>);

impl Object for polyai_request {
    const KIND: Kind = Kind::Request;
}

#[derive(Default)]
struct Content {
    fields: BTreeMap<&'static str, Value>,
    timeout: Option<Duration>,
    cancel: Option<CancelToken>,
    check: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

/// Makes a request in which nothing is set. It can be used for any number of calls, and changed between them.
///
/// NULL only when there are too many handles, which every function that gets it takes for no request.
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
/// then. Whether the operation and the dialect have the field is seen when the call is made.
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
        let field = FIELDS
            .iter()
            .find(|field| field.name == name)
            .ok_or_else(|| {
                let known: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
                Error::invalid_argument(format!(
                    "unknown field {name:?}; known are {}",
                    known.join(", ")
                ))
            })?;
        let value = match field.is_json {
            true => json_object(field.name, value)?,
            false => Value::String(value.to_owned()),
        };
        open(&request.0, "polyai_request")?
            .fields
            .insert(field.name, value);
        Ok(())
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
        let mut content = open(&request.0, "polyai_request")?;
        let attributes = content
            .fields
            .entry("integration_attributes")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(attributes) = attributes {
            attributes.insert(name.to_owned(), Value::String(value.to_owned()));
        }
        Ok(())
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
        open(&request.0, "polyai_request")?.timeout = Some(Duration::from_millis(timeout_ms));
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
        open(&request.0, "polyai_request")?.cancel = cancel.map(|cancel| cancel.0.clone());
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
        open(&request.0, "polyai_request")?.check = Some(Arc::new(check));
        Ok(())
    })
}

fn json_object(field: &str, text: &str) -> Result<Value, Error> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Error::invalid_argument(format!(
            "{field} must be a JSON object"
        ))),
        Err(error) => Err(Error::invalid_argument(format!(
            "{field} is no JSON: {error}"
        ))),
    }
}

/// Sets what a request of C says on a request of the core, which have the fields of the same names.
macro_rules! set {
    ($to:ident from $content:ident: $($text:ident),*; $($json:ident),*) => {{
        $(if let Some(Value::String(text)) = $content.fields.get(stringify!($text)) {
            $to = $to.$text(text.as_str());
        })*
        $(if let Some(value) = $content.fields.get(stringify!($json)) {
            $to = $to.$json(value.clone());
        })*
        if let Some(timeout) = $content.timeout {
            $to = $to.timeout(timeout);
        }
        if let Some(token) = &$content.cancel {
            $to = $to.cancel(token);
        }
        if let Some(check) = $content.check.clone() {
            $to = $to.cancel_when(move || check());
        }
        $to
    }};
}

pub(crate) fn create(request: *const polyai_request) -> Result<Create, Error> {
    read(
        request,
        Operation::Create,
        Create::new(),
        |mut create, content| {
            set!(create from content:
            correlation_id, variant_id, channel, asr_lang_code, tts_lang_code, user_id, message;
            extra, integration_attributes, metadata)
        },
    )
}

pub(crate) fn respond(
    request: *const polyai_request,
    message: Option<&str>,
) -> Result<Respond, Error> {
    let plain = message.map_or_else(Respond::without_message, Respond::new);
    read(
        request,
        Operation::Respond,
        plain,
        |mut respond, content| {
            set!(respond from content:
            correlation_id, asr_lang_code, tts_lang_code; extra, integration_attributes, metadata)
        },
    )
}

pub(crate) fn close(request: *const polyai_request) -> Result<Close, Error> {
    read(
        request,
        Operation::Close,
        Close::new(),
        |mut close, content| set!(close from content: correlation_id; extra),
    )
}

/// A request of the core with all that C has put into one, if there is one.
fn read<R>(
    request: *const polyai_request,
    operation: Operation,
    plain: R,
    set: impl FnOnce(R, &Content) -> R,
) -> Result<R, Error> {
    let Some(request) = request.get_optional("request")? else {
        return Ok(plain);
    };
    let content = open(&request.0, "polyai_request")?;
    let has_it = |field: &&Field| field.operations.contains(&operation);
    for name in content.fields.keys() {
        if !FIELDS
            .iter()
            .filter(has_it)
            .any(|field| field.name == *name)
        {
            let known: Vec<_> = FIELDS
                .iter()
                .filter(has_it)
                .map(|field| field.name)
                .collect();
            return Err(Error::invalid_argument(format!(
                "the request has the field {name}, which {operation} has not; it has {}",
                known.join(", ")
            )));
        }
    }
    Ok(set(plain, &content))
}
