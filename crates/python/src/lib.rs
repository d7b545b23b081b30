//! The module `polyai_chat._native`: what the Python package is made of, on the core directly.
//!
//! The classes here are public under `polyai_chat`; exceptions and the asyncio façade are Python, in `bindings/python/chat`. Nothing
//! that holds a key is ever a local variable of a Python frame.

#![allow(
    clippy::doc_markdown,
    clippy::unused_self,
    reason = "the documentation of classes is Python's, and so are the signatures of their methods"
)]

mod arguments;
mod calling;
mod client;
mod conversation;
mod done_calls;
mod error;
mod handoff;
mod interrupt;
mod listeners;
mod options;
mod reply;
mod request;
mod shutdown;
mod turn;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::conversation::Conversation;
    #[pymodule_export]
    use super::done_calls::DoneCalls;
    #[pymodule_export]
    use super::handoff::Handoff;
    #[pymodule_export]
    use super::reply::{Closed, Greeting, Reply, plain_text};
    #[pymodule_export]
    use super::shutdown::shut_down_at_exit;
    #[pymodule_export]
    use super::turn::Turn;

    use super::options::table;
    use polyai_chat_core::{ErrorKind, VERSION};
    use pyo3::prelude::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::error::prepare(module.py())?;
        module.add("VERSION", VERSION)?;
        module.add("OPTIONS", table(module.py())?)?;
        let kinds: Vec<(u32, &str, &str)> = ErrorKind::ALL
            .iter()
            .map(|kind| (kind.number(), kind.name(), kind.meaning()))
            .collect();
        module.add("ERROR_KINDS", kinds)
    }
}
