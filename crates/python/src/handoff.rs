//! A handoff, as a value.

use crate::arguments::parsed;
use polyai_chat_core as core;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

/// The agent hands the customer on, to a queue or a person.
///
/// A value: it never changes, compares, hashes, copies and pickles. It matches as ``Handoff(destination, reason)``.
/// Any thread may use it. Since 0.1.0.
#[pyclass(frozen, module = "polyai_chat", eq)]
#[derive(Clone, PartialEq)]
pub(crate) struct Handoff {
    /// Where to, if the service says it as text.
    #[pyo3(get)]
    destination: Option<String>,
    /// Why, if the service says it as text.
    #[pyo3(get)]
    reason: Option<String>,
    raw_json: String,
}

impl Handoff {
    pub(crate) fn new(handoff: &core::Handoff) -> Self {
        Self {
            destination: handoff.destination().map(str::to_owned),
            reason: handoff.reason().map(str::to_owned),
            raw_json: handoff.raw().to_string(),
        }
    }
}

#[pymethods]
impl Handoff {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str) {
        ("destination", "reason")
    }

    /// The handoff as it came, whatever its shape: contact-centre products have fields of their own in it. A new object with
    /// each access.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        parsed(py, &self.raw_json)
    }

    /// Gives the handoff as a dict, for `json.dumps` and for queues.
    ///
    /// Returns:
    ///     A new dict of `destination`, `reason` and `raw`.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    pub(crate) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("destination", &self.destination)?;
        dict.set_item("reason", &self.reason)?;
        dict.set_item("raw", self.raw(py)?)?;
        Ok(dict)
    }

    #[classmethod]
    fn _restore(
        _class: &Bound<'_, PyType>,
        destination: Option<String>,
        reason: Option<String>,
        raw_json: String,
    ) -> Self {
        Self {
            destination,
            reason,
            raw_json,
        }
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let restore = slf.get_type().getattr("_restore")?;
        let handoff = slf.get();
        let state = (&handoff.destination, &handoff.reason, &handoff.raw_json);
        Ok((restore, state.into_pyobject(slf.py())?))
    }

    pub(crate) fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shown = |text: &Option<String>| match text {
            Some(text) => shortened(py, text),
            None => Ok("None".to_owned()),
        };
        Ok(format!(
            "Handoff(destination={}, reason={})",
            shown(&self.destination)?,
            shown(&self.reason)?
        ))
    }

    fn __hash__(&self) -> u64 {
        hash_of(&[&self.raw_json])
    }
}

/// So much of a text as a line of a debugger can hold, as Python shows it.
pub(crate) fn shortened(py: Python<'_>, text: &str) -> PyResult<String> {
    const LONGEST: usize = 60;
    let (shown, rest) = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => (text.get(..end).unwrap_or(text), "..."),
        None => (text, ""),
    };
    Ok(format!("{}{rest}", PyString::new(py, shown).repr()?))
}

pub(crate) fn hash_of(parts: &[&String]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}
