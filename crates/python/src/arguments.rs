//! What Python gives us: text, durations and JSON.

use crate::error::to_python;
use polyai_chat_core::{Error, Value};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use std::time::Duration;

/// Text. Python's may hold halves of surrogate pairs, which are no characters and cannot be sent.
pub(crate) fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let Ok(text) = value.cast::<PyString>() else {
        let given = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "{name} must be a str, not {given}"
        )));
    };
    // Python's own error would hold the text, and end in logs with it.
    text.extract().map_err(|_| {
        let wrong = format!("{name} holds half a surrogate pair, which is no character");
        to_python(value.py(), &Error::invalid_argument(wrong))
    })
}

/// As [`text`], where `None` stands for "not given".
pub(crate) fn optional_text(
    name: &str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<String>> {
    value.map(|value| text(name, value)).transpose()
}

/// Seconds as a number, or a `timedelta`.
pub(crate) fn duration(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let seconds = match value.extract::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => value
            .call_method0("total_seconds")
            .and_then(|seconds| seconds.extract())
            .map_err(|_| {
                PyTypeError::new_err(format!("{name} must be a number of seconds or a timedelta"))
            })?,
    };
    // The core refuses what is too long, in its own words; here only what is no duration at all.
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(PyValueError::new_err(format!(
            "{name} is {seconds}; it must be a number of seconds above 0 and at most 86400"
        ))),
    }
}

/// As [`duration`], where `None` stands for "not given".
pub(crate) fn optional_duration(
    name: &str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<Duration>> {
    value.map(|value| duration(name, value)).transpose()
}

/// What can be written as JSON, by Python's own `json`.
pub(crate) fn json(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Value>> {
    let Some(value) = value else {
        return Ok(None);
    };
    let text: String = json_function(value.py(), "dumps")?
        .call1((value,))
        .map_err(|error| {
            let wrong = PyTypeError::new_err(format!("{name} cannot be written as JSON: {error}"));
            wrong.set_cause(value.py(), Some(error));
            wrong
        })?
        .extract()?;
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        PyValueError::new_err(format!("{name} cannot be written as JSON: {error}"))
    })?;
    match value {
        Value::Object(_) => Ok(Some(value)),
        _ => Err(PyTypeError::new_err(format!("{name} must be a mapping"))),
    }
}

/// JSON as Python's own `json` reads it.
pub(crate) fn parsed<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    json_function(py, "loads")?.call1((text,))
}

fn json_function<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    MODULE
        .get_or_try_init(py, || py.import("json").map(Bound::unbind))?
        .bind(py)
        .getattr(name)
}
