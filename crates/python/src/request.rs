//! What a call carries, from keyword arguments.

use crate::arguments::{json, optional_duration, optional_text, text};
use crate::interrupt::Interrupt;
use crate::listeners;
use polyai_chat_core::{Close, Create, Respond};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What all requests can carry.
macro_rules! with_call_options {
    ($request:ident, $fields:ident, $interrupt:expr) => {{
        let interrupt: Option<&Interrupt> = $interrupt;
        if let Some(check) = interrupt.and_then(Interrupt::check) {
            $request = $request.cancel_when(check);
        }
        if let Some(timeout) = optional_duration("timeout", $fields.take("timeout")?.as_ref())? {
            $request = $request.timeout(timeout);
        }
        if let Some(id) = $fields.text("correlation_id")? {
            $request = $request.correlation_id(id);
        }
        if let Some(extra) = json("extra", $fields.take("extra")?.as_ref())? {
            $request = $request.extra(extra);
        }
        $fields.finish()?;
        $request
    }};
}

/// Keyword arguments, of which each is taken once; `None` is one that was not given.
struct Fields<'py> {
    given: Option<Bound<'py, PyDict>>,
    function: &'static str,
}

impl<'py> Fields<'py> {
    fn new(
        py: Python<'_>,
        function: &'static str,
        given: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        // Every call begins here.
        listeners::heed_level(py)?;
        Ok(Self {
            given: given.map(PyDictMethods::copy).transpose()?,
            function,
        })
    }

    fn take(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(given) = &self.given else {
            return Ok(None);
        };
        let Some(value) = given.get_item(name)? else {
            return Ok(None);
        };
        given.del_item(name)?;
        Ok((!value.is_none()).then_some(value))
    }

    fn text(&self, name: &str) -> PyResult<Option<String>> {
        self.take(name)?.map(|value| text(name, &value)).transpose()
    }

    fn finish(&self) -> PyResult<()> {
        match self
            .given
            .as_ref()
            .and_then(|given| given.keys().iter().next())
        {
            Some(name) => Err(PyTypeError::new_err(format!(
                "{}() got an unexpected keyword argument '{name}'",
                self.function
            ))),
            None => Ok(()),
        }
    }
}

pub(crate) fn create(
    py: Python<'_>,
    given: Option<&Bound<'_, PyDict>>,
    interrupt: Option<&Interrupt>,
) -> PyResult<Create> {
    let fields = Fields::new(py, "create", given)?;
    let mut request = Create::new();
    let attributes = fields.take("integration_attributes")?;
    if let Some(attributes) = json("integration_attributes", attributes.as_ref())? {
        request = request.integration_attributes(attributes);
    }
    if let Some(id) = fields.text("variant_id")? {
        request = request.variant_id(id);
    }
    if let Some(channel) = fields.text("channel")? {
        request = request.channel(channel);
    }
    if let Some(code) = fields.text("asr_lang_code")? {
        request = request.asr_lang_code(code);
    }
    if let Some(code) = fields.text("tts_lang_code")? {
        request = request.tts_lang_code(code);
    }
    if let Some(id) = fields.text("user_id")? {
        request = request.user_id(id);
    }
    if let Some(message) = fields.text("message")? {
        request = request.message(message);
    }
    if let Some(metadata) = json("metadata", fields.take("metadata")?.as_ref())? {
        request = request.metadata(metadata);
    }
    Ok(with_call_options!(request, fields, interrupt))
}

pub(crate) fn respond(
    py: Python<'_>,
    message: Option<&Bound<'_, PyAny>>,
    given: Option<&Bound<'_, PyDict>>,
    interrupt: Option<&Interrupt>,
) -> PyResult<Respond> {
    let fields = Fields::new(py, "respond", given)?;
    let mut request =
        optional_text("message", message)?.map_or_else(Respond::without_message, Respond::new);
    let attributes = fields.take("integration_attributes")?;
    if let Some(attributes) = json("integration_attributes", attributes.as_ref())? {
        request = request.integration_attributes(attributes);
    }
    if let Some(metadata) = json("metadata", fields.take("metadata")?.as_ref())? {
        request = request.metadata(metadata);
    }
    if let Some(code) = fields.text("asr_lang_code")? {
        request = request.asr_lang_code(code);
    }
    if let Some(code) = fields.text("tts_lang_code")? {
        request = request.tts_lang_code(code);
    }
    Ok(with_call_options!(request, fields, interrupt))
}

pub(crate) fn close(
    py: Python<'_>,
    given: Option<&Bound<'_, PyDict>>,
    interrupt: Option<&Interrupt>,
) -> PyResult<Close> {
    let fields = Fields::new(py, "close", given)?;
    let mut request = Close::new();
    Ok(with_call_options!(request, fields, interrupt))
}
