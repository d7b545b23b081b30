//! What a call carries, from a JSON object: the fields of the core's table by their names, and `timeout_ms` and `headers`.

use crate::failure::{Result, failed};
use napi_derive::napi;
use polyai_chat_core::{self as core, Error, Map, Request, Respond, Value};
use std::time::Duration;

/// The longest time that can be given, as in the core: a day.
const LONGEST_MS: f64 = 86_400_000.0;

/// Ends the calls of one signal, all of them before the next in a queue begins.
#[napi]
pub struct CancelToken(core::CancelToken);

#[napi]
impl CancelToken {
    /// A token that no call has yet.
    #[napi(constructor)]
    #[allow(clippy::new_without_default, reason = "only JavaScript makes one")]
    pub fn new() -> Self {
        Self(core::CancelToken::new())
    }

    /// Ends its calls, and refuses later ones.
    #[napi]
    pub fn cancel_for_good(&self) {
        self.0.cancel_for_good();
    }
}

/// A request in which all of it is set.
pub(crate) fn read<T: TryFrom<Request, Error = Error>>(
    json: &str,
    cancel: Option<&CancelToken>,
) -> Result<T> {
    let token = cancel.map(|cancel| &cancel.0);
    let request = parsed(json).and_then(of_fields).and_then(|mut request| {
        request.set_cancel(token);
        T::try_from(request)
    });
    failed(request)
}

/// A turn: its message, if it has one, and the request beside it.
pub(crate) fn respond(
    message: Option<String>,
    json: &str,
    cancel: Option<&CancelToken>,
) -> Result<Respond> {
    let respond: Respond = read(json, cancel)?;
    Ok(match message {
        Some(message) => respond.message(message),
        None => respond,
    })
}

/// The package has refused what JSON cannot hold, and lone surrogates, which serde does not read.
pub(crate) fn parsed(json: &str) -> std::result::Result<Map<String, Value>, Error> {
    serde_json::from_str(json)
        .map_err(|problem| Error::invalid_argument(format!("it cannot be read as JSON: {problem}")))
}

fn of_fields(fields: Map<String, Value>) -> std::result::Result<Request, Error> {
    let mut request = Request::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("timeout_ms", value) => request.set_timeout(duration("timeoutMs", value.as_f64())?),
            ("headers", Value::Object(headers)) => {
                for (name, value) in headers {
                    let Value::String(value) = value else {
                        return Err(Error::invalid_argument("headers must hold strings only"));
                    };
                    request.set_header(&name, &value)?;
                }
            }
            ("headers", _) => {
                return Err(Error::invalid_argument(
                    "headers must be an object of strings",
                ));
            }
            ("correlation_id", Value::String(id)) => request.set(&name, id)?,
            (_, value) => request.set_value(&name, value)?,
        }
    }
    Ok(request)
}

/// Milliseconds, as JavaScript gives them. A part of one is kept.
pub(crate) fn duration(
    name: &str,
    milliseconds: Option<f64>,
) -> std::result::Result<Duration, Error> {
    match milliseconds {
        Some(ms) if ms > 0.0 && ms <= LONGEST_MS => Ok(Duration::from_secs_f64(ms / 1000.0)),
        _ => Err(Error::invalid_argument(format!(
            "{name} must be a number of milliseconds above 0, and at most {LONGEST_MS}"
        ))),
    }
}
