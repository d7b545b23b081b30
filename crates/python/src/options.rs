//! The options of a client as keyword arguments: the names of the one table, but that times are seconds and do not end in
//! `_ms`.

use crate::arguments::{duration, text};
use crate::error::to_python;
use polyai_chat_core::{Config, Error, OPTIONS, OptionKind, OptionSpec};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList};
use std::path::PathBuf;

/// The keyword of an option.
fn keyword(option: &OptionSpec) -> &'static str {
    match option.unit {
        "ms" => option.name.strip_suffix("_ms").unwrap_or(option.name),
        _ => option.name,
    }
}

/// The table of options for Python, in which times are seconds.
pub(crate) fn table(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let rows = PyList::empty(py);
    for option in OPTIONS {
        let row = PyDict::new(py);
        row.set_item("keyword", keyword(option))?;
        row.set_item("name", option.name)?;
        row.set_item("environment_variable", option.environment_variable())?;
        row.set_item("default", option.default)?;
        row.set_item("unit", option.unit)?;
        row.set_item("is_secret", option.is_secret())?;
        row.set_item("summary", option.summary)?;
        rows.append(row)?;
    }
    Ok(rows)
}

/// Sets the options that were given as keyword arguments; `None` is one that was not.
pub(crate) fn set(config: &mut Config, options: &Bound<'_, PyDict>) -> PyResult<()> {
    let py = options.py();
    for (name, value) in options {
        let name: String = name.extract()?;
        if value.is_none() {
            continue;
        }
        let option = OPTIONS
            .iter()
            .find(|option| keyword(option) == name)
            .ok_or_else(|| unexpected(&name))?;
        let text = text_of(option, &name, &value)?;
        config
            .set(option.name, &text)
            .map_err(|error| to_python(py, &error))?;
    }
    Ok(())
}

fn text_of(option: &OptionSpec, name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    if option.unit == "ms" {
        // Rounded up: a time above 0 must not become 0.
        let milliseconds = duration(name, value)?.as_micros().div_ceil(1_000);
        return Ok(milliseconds.to_string());
    }
    let is_flag = value.is_instance_of::<PyBool>();
    // The value itself is not shown: it may be a key.
    let must_be = match option.kind {
        OptionKind::Flag if is_flag => return Ok(value.is_truthy()?.to_string()),
        OptionKind::Flag => "True or False",
        OptionKind::Number { .. } if !is_flag && value.is_instance_of::<PyInt>() => {
            return value.str()?.extract();
        }
        OptionKind::Number { .. } => "a whole number",
        OptionKind::Path => match value.extract::<PathBuf>() {
            Ok(path) => return path_text(name, path, value.py()),
            Err(_) => "a path",
        },
        _ => return text(name, value),
    };
    let given = value.get_type().name()?;
    Err(PyTypeError::new_err(format!(
        "{name} must be {must_be}, not {given}"
    )))
}

fn path_text(name: &str, path: PathBuf, py: Python<'_>) -> PyResult<String> {
    path.into_os_string().into_string().map_err(|_| {
        to_python(
            py,
            &Error::invalid_argument(format!("{name} is a path that is not UTF-8")),
        )
    })
}

fn unexpected(name: &str) -> PyErr {
    let hint = match name.strip_suffix("_ms") {
        Some(stem) if OPTIONS.iter().any(|option| keyword(option) == stem) => {
            format!("; did you mean {stem}, in seconds?")
        }
        _ => {
            let known: Vec<_> = OPTIONS.iter().map(keyword).collect();
            format!("; known are {}", known.join(", "))
        }
    };
    PyTypeError::new_err(format!("unexpected keyword argument '{name}'{hint}"))
}
