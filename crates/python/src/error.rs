//! A failure of the core as a Python exception. The exceptions are classes of `polyai_chat._errors`.

use crate::calling::call;
use polyai_chat_core::{Attempt, Error, Value};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict};

/// The exception for this failure, with all that is known about it.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    match make(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(problem) => problem,
    }
}

/// Looks up what is needed of Python, once and at the import: near the end of the interpreter nothing can be imported, and
/// finalizers may still make calls.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    maker(py).map(drop)
}

fn maker(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.get_or_try_init(py, || {
        let module = py.import("polyai_chat._errors")?;
        module.getattr("_make").map(Bound::unbind)
    })?;
    Ok(make.bind(py))
}

fn make<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let attempts: Vec<Value> = error.attempts().iter().map(Attempt::to_json).collect();
    let headers: Vec<(&str, Bound<'_, PyBytes>)> = error
        .headers()
        .map(|(name, value)| (name, PyBytes::new(py, value)))
        .collect();
    let fields = PyDict::new(py);
    fields.set_item("text", error.to_string())?;
    fields.set_item("message", error.message())?;
    fields.set_item("delivery", error.delivery().name())?;
    fields.set_item("phase", error.phase().name())?;
    fields.set_item("status", error.status())?;
    fields.set_item("error_code", error.error_code())?;
    fields.set_item("service_message", error.service_message())?;
    fields.set_item("correlation_id", error.correlation_id())?;
    let retry_after = error.retry_after().map(|pause| pause.as_secs_f64());
    fields.set_item("retry_after", retry_after)?;
    fields.set_item("body_excerpt", error.body_excerpt())?;
    fields.set_item("attempts_json", Value::from(attempts).to_string())?;
    fields.set_item("headers", headers)?;
    fields.set_item("cause", error.causes())?;
    call(maker(py)?, (error.kind().name(), fields))
}
