//! What a call carries, from keyword arguments.

use crate::arguments::{duration, json, optional_text, text};
use crate::error::to_python;
use crate::interrupt::Interrupt;
use crate::listeners;
use polyai_chat_core::{Close, Create, Error, Operation, REQUEST_FIELDS, Request, Respond};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};
use std::sync::Arc;

pub(crate) fn create(
    py: Python<'_>,
    given: Option<&Bound<'_, PyDict>>,
    interrupt: Option<&Interrupt>,
) -> PyResult<Create> {
    let request = read(py, Operation::Create, given, interrupt)?;
    checked(py, Create::try_from(request))
}

pub(crate) fn respond(
    py: Python<'_>,
    message: Option<&Bound<'_, PyAny>>,
    given: Option<&Bound<'_, PyDict>>,
    interrupt: Option<&Interrupt>,
) -> PyResult<Respond> {
    let message = optional_text("message", message)?;
    let request = read(py, Operation::Respond, given, interrupt)?;
    let respond = checked(py, Respond::try_from(request))?;
    Ok(match message {
        Some(message) => respond.message(message),
        None => respond,
    })
}

pub(crate) fn close(
    py: Python<'_>,
    given: Option<&Bound<'_, PyDict>>,
    interrupt: Option<&Interrupt>,
) -> PyResult<Close> {
    let request = read(py, Operation::Close, given, interrupt)?;
    checked(py, Close::try_from(request))
}

/// A request with all keyword arguments; `None` is one that was not given.
fn read(
    py: Python<'_>,
    operation: Operation,
    given: Option<&Bound<'_, PyDict>>,
    interrupt: Option<&Interrupt>,
) -> PyResult<Request> {
    // Every call begins here.
    listeners::read_log_level(py)?;
    let mut request = Request::new();
    match interrupt {
        Some(interrupt) => {
            if let Some(check) = interrupt.check() {
                request.set_check(check);
                request.set_context(Arc::new(interrupt.clone()));
            }
        }
        // It is started, and goes on on a thread of its own.
        None => request.set_context(listeners::context(py)?),
    }
    for (name, value) in given.into_iter().flat_map(PyDictMethods::iter) {
        let name: String = name.extract()?;
        if !value.is_none() {
            set(&mut request, operation, &name, &value)?;
        }
    }
    Ok(request)
}

fn set(
    request: &mut Request,
    operation: Operation,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = value.py();
    let outcome = match name {
        "timeout" => {
            request.set_timeout(duration(name, value)?);
            Ok(())
        }
        "headers" => return set_headers(request, value),
        "correlation_id" => request.set(name, text(name, value)?),
        _ => {
            let known = |field: &&polyai_chat_core::RequestField| {
                field.name == name && field.is_of(operation)
            };
            match REQUEST_FIELDS.iter().find(known) {
                Some(field) if field.is_json => {
                    let value = json(name, Some(value))?.unwrap_or_default();
                    request.set_value(name, value)
                }
                Some(_) => request.set_value(name, text(name, value)?),
                None => {
                    return Err(PyTypeError::new_err(format!(
                        "{operation}() got an unexpected keyword argument '{name}'"
                    )));
                }
            }
        }
    };
    checked(py, outcome)
}

/// Headers that the call carries beside those of the library, from a mapping.
fn set_headers(request: &mut Request, headers: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = headers.py();
    let Ok(mapping) = headers.cast::<PyMapping>() else {
        let given = headers.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "headers must be a mapping of str to str, not {given}"
        )));
    };
    for item in mapping.items()?.iter() {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let is_text = |part: &Bound<'_, PyAny>| part.is_instance_of::<PyString>();
        if !is_text(&name) || !is_text(&value) {
            return Err(PyTypeError::new_err("headers must hold str only"));
        }
        let (name, value) = (text("headers", &name)?, text("headers", &value)?);
        checked(py, request.set_header(&name, &value))?;
    }
    Ok(())
}

fn checked<T>(py: Python<'_>, outcome: Result<T, Error>) -> PyResult<T> {
    outcome.map_err(|error| to_python(py, &error))
}
