//! What a call carries beside its message, by the names of the service's fields.

use crate::arguments::{Changed, Freed, NewHandle, Optional, Text, UserData};
use crate::callback::Callback;
use crate::cancel::Cancel;
use crate::config::open;
use crate::constants::{polyai_check_callback, polyai_release_callback};
use crate::handle::{InUse, Kind, Object};
use polyai_chat_core::{CancelToken, Close, Create, Error, Map, Operation, Respond, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
pub struct Request(Mutex<Content>);

impl Object for Request {
    const KIND: Kind = Kind::Request;
}

#[derive(Default, Clone)]
pub(crate) struct Content {
    fields: BTreeMap<&'static str, Value>,
    timeout: Option<Duration>,
    cancel: Option<CancelToken>,
    check: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

/// A field of a request, and the operations that have it.
struct Field {
    name: &'static str,
    is_json: bool,
    operations: &'static [Operation],
}

const fn field(name: &'static str, is_json: bool, operations: &'static [Operation]) -> Field {
    Field {
        name,
        is_json,
        operations,
    }
}

const CREATE: &[Operation] = &[Operation::Create];
const TALK: &[Operation] = &[Operation::Create, Operation::Respond];
const ALL: &[Operation] = &[Operation::Create, Operation::Respond, Operation::Close];

const FIELDS: &[Field] = &[
    field("integration_attributes", true, TALK),
    field("variant_id", false, CREATE),
    field("channel", false, CREATE),
    field("asr_lang_code", false, TALK),
    field("tts_lang_code", false, TALK),
    field("user_id", false, CREATE),
    field("message", false, CREATE),
    field("metadata", true, TALK),
    field("correlation_id", false, ALL),
    field("extra", true, ALL),
];

export! {
    /// Makes a request in which nothing is set. It can be used for any number of calls, and changed between them.
    ///
    /// NULL only when there are too many handles, which every function that gets it takes for no request.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_request_new() -> NewHandle<Request> {
        NewHandle::of(Request::default())
    }

    /// Frees a request. Calls that were started with it keep their copy.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_request_free(request: Freed<Request>) {
        request.free()
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
    fallible fn polyai_request_set(
        request: Changed<Request>,
        field: Text,
        field_length: usize,
        value: Text,
        value_length: usize,
    ) {
        let request = request.get()?;
        let (name, value) = (field.read(&field_length)?, value.read(&value_length)?);
        let field = FIELDS.iter().find(|field| field.name == name).ok_or_else(|| {
            let known: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
            Error::invalid_argument(format!("unknown field {name:?}; known are {}", known.join(", ")))
        })?;
        let value = match field.is_json {
            true => json_object(field.name, &value)?,
            false => Value::String(value),
        };
        open(&request.0, "polyai_request")?.fields.insert(field.name, value);
        Ok(())
    }

    /// Adds one text to `integration_attributes`, such as `customer_name`.
    ///
    /// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
    ///
    /// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
    fallible fn polyai_request_set_attribute(
        request: Changed<Request>,
        name: Text,
        name_length: usize,
        value: Text,
        value_length: usize,
    ) {
        let request = request.get()?;
        let (name, value) = (name.read(&name_length)?, value.read(&value_length)?);
        let mut content = open(&request.0, "polyai_request")?;
        let attributes = content
            .fields
            .entry("integration_attributes")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(attributes) = attributes {
            attributes.insert(name, Value::String(value));
        }
        Ok(())
    }

    /// Sets the deadline of the calls, in milliseconds from 1 to 86,400,000, in place of the client's. It covers everything
    /// that a call waits for.
    ///
    /// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
    ///
    /// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
    fallible fn polyai_request_set_timeout_ms(request: Changed<Request>, timeout_ms: u64) {
        let request = request.get()?;
        if !(1..=86_400_000).contains(&timeout_ms.value) {
            return Err(Error::invalid_argument(format!(
                "timeout_ms is {}; it must be from 1 to 86400000",
                timeout_ms.value
            )));
        }
        open(&request.0, "polyai_request")?.timeout = Some(Duration::from_millis(timeout_ms.value));
        Ok(())
    }

    /// Gives the calls a token that can end them; NULL takes it away. The token may be freed while calls have it.
    ///
    /// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
    ///
    /// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
    fallible fn polyai_request_set_cancel(request: Changed<Request>, cancel: Optional<Cancel>) {
        let (request, cancel) = (request.get()?, cancel.get()?);
        open(&request.0, "polyai_request")?.cancel = cancel.map(|cancel| cancel.0.clone());
        Ok(())
    }

    /// Gives the calls a check that they run while they wait; anything but 0 cancels. For hosts that learn by asking whether the
    /// caller has hung up.
    ///
    /// `release` as in `polyai_config_set_log_callback`.
    ///
    /// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
    ///
    /// Blocks: never. Threads: one at a time for a request. Since: 0.1.0.
    fallible fn polyai_request_set_check(
        request: Changed<Request>,
        callback: polyai_check_callback,
        user_data: UserData,
        release: polyai_release_callback,
    ) {
        let callback = Callback::new(&callback, &user_data, &release)?;
        let request = request.get()?;
        // SAFETY: the caller says that it can be called so.
        let check = move || unsafe { callback.function()(callback.user_data()) != 0 };
        open(&request.0, "polyai_request")?.check = Some(Arc::new(check));
        Ok(())
    }
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

/// What all requests can carry.
macro_rules! with_call_options {
    ($request:ident, $content:ident) => {{
        if let Some(timeout) = $content.timeout {
            $request = $request.timeout(timeout);
        }
        if let Some(token) = &$content.cancel {
            $request = $request.cancel(token);
        }
        if let Some(check) = $content.check {
            $request = $request.cancel_when(move || check());
        }
        if let Some(id) = text(&mut $content.fields, "correlation_id") {
            $request = $request.correlation_id(id);
        }
        if let Some(fields) = $content.fields.remove("extra") {
            $request = $request.extra(fields);
        }
        $request
    }};
}

impl Content {
    /// What this request says; a call without one has an empty one.
    pub(crate) fn of(request: Option<InUse<Request>>, operation: Operation) -> Result<Self, Error> {
        let content = match request {
            Some(request) => open(&request.0, "polyai_request")?.clone(),
            None => Self::default(),
        };
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
        Ok(content)
    }

    pub(crate) fn create(mut self) -> Create {
        let mut request = Create::new();
        let fields = &mut self.fields;
        if let Some(attributes) = fields.remove("integration_attributes") {
            request = request.integration_attributes(attributes);
        }
        if let Some(id) = text(fields, "variant_id") {
            request = request.variant_id(id);
        }
        if let Some(channel) = text(fields, "channel") {
            request = request.channel(channel);
        }
        if let Some(code) = text(fields, "asr_lang_code") {
            request = request.asr_lang_code(code);
        }
        if let Some(code) = text(fields, "tts_lang_code") {
            request = request.tts_lang_code(code);
        }
        if let Some(id) = text(fields, "user_id") {
            request = request.user_id(id);
        }
        if let Some(message) = text(fields, "message") {
            request = request.message(message);
        }
        if let Some(metadata) = fields.remove("metadata") {
            request = request.metadata(metadata);
        }
        with_call_options!(request, self)
    }

    pub(crate) fn respond(mut self, message: Option<String>) -> Respond {
        let mut request = message.map_or_else(Respond::without_message, Respond::new);
        let fields = &mut self.fields;
        if let Some(attributes) = fields.remove("integration_attributes") {
            request = request.integration_attributes(attributes);
        }
        if let Some(metadata) = fields.remove("metadata") {
            request = request.metadata(metadata);
        }
        if let Some(code) = text(fields, "asr_lang_code") {
            request = request.asr_lang_code(code);
        }
        if let Some(code) = text(fields, "tts_lang_code") {
            request = request.tts_lang_code(code);
        }
        with_call_options!(request, self)
    }

    pub(crate) fn close(mut self) -> Close {
        let mut request = Close::new();
        with_call_options!(request, self)
    }
}

fn text(fields: &mut BTreeMap<&'static str, Value>, name: &str) -> Option<String> {
    match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}
