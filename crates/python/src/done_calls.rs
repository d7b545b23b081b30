//! How an event loop hears of its calls: by one descriptor for all of them.

use crate::turn::Turn;
use polyai_chat_core::{Completions, descriptor_number};
use pyo3::prelude::*;

/// The calls of one event loop that are done, by numbers that the loop gave them. The descriptor is readable while there
/// are any.
///
/// The threads of calls leave a number here and need no interpreter for it: it works whatever runs the loop, and at the end of
/// the interpreter.
#[pyclass(frozen, module = "polyai_chat._native")]
pub(crate) struct DoneCalls(Completions);

#[pymethods]
impl DoneCalls {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self(Completions::new()?))
    }

    /// Wait for it to become readable; do not read it.
    fn fileno(&self) -> PyResult<i32> {
        Ok(descriptor_number(self.0.descriptor()?))
    }

    /// Has the number appear here when the call is done.
    fn expect(&self, turn: &Turn, number: u64) {
        turn.announce(&self.0, number);
    }

    /// The numbers of the calls that have been done since this was asked last.
    fn take(&self) -> Vec<u64> {
        self.0.take(usize::MAX)
    }
}
