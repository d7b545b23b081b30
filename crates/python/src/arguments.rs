//! What Python gives us: text, durations and JSON.

use crate::calling::{call, call_method, call_with};
use crate::error::to_python;
use polyai_chat_core::{Error, Value};
use pyo3::exceptions::{PyOverflowError, PyRecursionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyDict, PyMapping, PyString};
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

/// The longest time that can be given, as in the core: a day.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Seconds as a number, or a `timedelta`.
pub(crate) fn duration(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let seconds = seconds(name, value)?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() && duration <= LONGEST => Ok(duration),
        _ => Err(no_time(value.py(), name, seconds, "above 0")),
    }
}

/// How long to wait for something: as [`duration`], where 0 is only to look.
pub(crate) fn patience(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let seconds = seconds(name, value)?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err(no_time(value.py(), name, seconds, "from 0 on")),
    }
}

fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    match value.extract::<f64>() {
        Ok(seconds) => Ok(seconds),
        // A whole number that is larger than any other.
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => Ok(f64::INFINITY),
        Err(_) => value
            .call_method0("total_seconds")
            .and_then(|seconds| seconds.extract())
            .map_err(|_| {
                PyTypeError::new_err(format!("{name} must be a number of seconds or a timedelta"))
            }),
    }
}

fn no_time(py: Python<'_>, name: &str, seconds: f64, least: &str) -> PyErr {
    let wrong =
        format!("{name} is {seconds:?}; it must be a number of seconds {least}, and at most 86400");
    to_python(py, &Error::invalid_argument(wrong))
}

/// What can be written as JSON, by Python's own `json`.
pub(crate) fn json(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Value>> {
    let Some(value) = value else {
        return Ok(None);
    };
    let py = value.py();
    let Ok(mapping) = value.cast::<PyMapping>() else {
        let given = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "{name} must be a mapping, not {given}"
        )));
    };
    // `json` knows no mapping but dict.
    let fields = PyDict::new(py);
    fields.update(mapping)?;
    let strictly = [("allow_nan", false)].into_py_dict(py)?;
    let text: String = call_with(&json_function(py, "dumps")?, (fields,), Some(&strictly))
        .map_err(|error| no_json(py, name, error))?
        .extract()?;
    let value = serde_json::from_str(&text).map_err(|error| {
        let problem = error.to_string();
        // The only text that Python writes and JSON does not have.
        let wrong = match problem.contains("surrogate") || problem.contains("hex escape") {
            true => format!("{name} holds half a surrogate pair, which is no character"),
            false => format!("{name} cannot be written as JSON: {problem}"),
        };
        to_python(py, &Error::invalid_argument(wrong))
    })?;
    Ok(Some(value))
}

/// What Python's `json` refused to write: a wrong type, or a value such as NaN.
fn no_json(py: Python<'_>, name: &str, error: PyErr) -> PyErr {
    let text = format!("{name} cannot be written as JSON: {error}");
    let wrong = match error.is_instance_of::<PyValueError>(py) {
        true => to_python(py, &Error::invalid_argument(text)),
        false => PyTypeError::new_err(text),
    };
    wrong.set_cause(py, Some(error));
    wrong
}

/// JSON as Python's own `json` reads it. A field that it cannot hold, such as one that is nested too deep or a number of more
/// digits than it allows, is its text.
pub(crate) fn parsed<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let problem = match wholly_parsed(py, text) {
        Ok(value) => return Ok(value),
        Err(problem) => problem,
    };
    if !is_of_the_text(py, &problem) {
        return Err(problem);
    }
    let Some(fields) = polyai_chat_core::json_fields(text) else {
        return Ok(PyString::new(py, text).into_any());
    };
    let object = PyDict::new(py);
    for (name, field) in fields {
        let value = wholly_parsed(py, &field).or_else(|problem| {
            let as_text = || PyString::new(py, &field).into_any();
            is_of_the_text(py, &problem).then(as_text).ok_or(problem)
        })?;
        object.set_item(name, value)?;
    }
    Ok(object.into_any())
}

fn is_of_the_text(py: Python<'_>, problem: &PyErr) -> bool {
    problem.is_instance_of::<PyValueError>(py) || problem.is_instance_of::<PyRecursionError>(py)
}

/// With U+FFFD for halves of surrogate pairs: a `str` with one cannot be printed.
fn wholly_parsed<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let loads = json_function(py, "loads")?;
    let value = call(&loads, (text,))?;
    let is_whole = !text.contains("\\ud") && !text.contains("\\uD");
    if is_whole || serde_json::from_str::<Value>(text).is_ok() {
        return Ok(value);
    }
    let as_it_is = [("ensure_ascii", false)].into_py_dict(py)?;
    let text = call_with(&json_function(py, "dumps")?, (value,), Some(&as_it_is))?;
    let bytes = call_method(&text, "encode", ("utf-16-le", "surrogatepass"))?;
    call(
        &loads,
        (call_method(&bytes, "decode", ("utf-16-le", "replace"))?,),
    )
}

fn json_function<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    MODULE
        .get_or_try_init(py, || py.import("json").map(Bound::unbind))?
        .bind(py)
        .getattr(name)
}
