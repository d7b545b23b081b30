//! The module `polyai_chat_testing._native`: the simulator in the process of a test.
//!
//! Requests, conversations and faults pass as the text of JSON. What users see is the class `Simulator` of the package, in
//! `bindings/python/testing`, which documents it too.

#![allow(
    clippy::doc_markdown,
    reason = "the documentation of classes is Python's"
)]

mod simulator;

use pyo3::prelude::pymodule;

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::simulator::NativeSimulator;
}
