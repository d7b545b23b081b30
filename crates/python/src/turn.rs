//! A call that was started.

use crate::arguments::optional_duration;
use crate::conversation::Conversation;
use crate::error::to_python;
use crate::interrupt::CHECK_EVERY;
use crate::reply::{Closed, Reply};
use crate::shutdown::InFlight;
use polyai_chat_core::{self as core, Error};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// A call that was started and goes on by itself.
///
/// Wait for it a while, do something else, cancel it, take what came of it. Dropping it cancels it. In annotations it is
/// generic: `Turn[Reply]`. Since 0.1.0.
#[pyclass(frozen, module = "polyai_chat", weakref)]
pub(crate) struct Turn {
    call: Call,
    client: core::Client,
    outcome: PyOnceLock<PyResult<Py<PyAny>>>,
}

enum Call {
    Create(core::Turn<core::Conversation>),
    Respond(core::Turn<core::Reply>),
    Close(core::Turn<core::Closed>),
}

/// Does the same with whatever was started.
macro_rules! for_each_call {
    ($turn:expr, $call:ident => $work:expr) => {
        match &$turn.call {
            Call::Create($call) => $work,
            Call::Respond($call) => $work,
            Call::Close($call) => $work,
        }
    };
}

impl Turn {
    pub(crate) fn of_create(client: core::Client, call: core::Turn<core::Conversation>) -> Self {
        Self {
            call: Call::Create(call),
            client,
            outcome: PyOnceLock::new(),
        }
    }

    pub(crate) fn of_respond(client: core::Client, call: core::Turn<core::Reply>) -> Self {
        Self {
            call: Call::Respond(call),
            client,
            outcome: PyOnceLock::new(),
        }
    }

    pub(crate) fn of_close(client: core::Client, call: core::Turn<core::Closed>) -> Self {
        Self {
            call: Call::Close(call),
            client,
            outcome: PyOnceLock::new(),
        }
    }

    /// What came of a call that is done, as Python sees it.
    fn taken(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        fn outcome<T>(py: Python<'_>, call: &core::Turn<T>) -> PyResult<T> {
            let gone = || Err(Error::internal("the outcome of the turn is gone"));
            let outcome = call.take_once().unwrap_or_else(gone);
            outcome.map_err(|error| to_python(py, &error))
        }
        match &self.call {
            Call::Create(call) => {
                let conversation = Conversation::new(self.client.clone(), outcome(py, call)?);
                Ok(Py::new(py, conversation)?.into_any())
            }
            Call::Respond(call) => Ok(Py::new(py, Reply::new(&outcome(py, call)?))?.into_any()),
            Call::Close(call) => Ok(Py::new(py, Closed::new(&outcome(py, call)?))?.into_any()),
        }
    }

    /// Waits in pieces, so that Ctrl-C is heeded.
    fn wait_until(&self, py: Python<'_>, until: Option<Instant>) -> PyResult<bool> {
        loop {
            let left = until.map_or(CHECK_EVERY, |until| {
                until.saturating_duration_since(Instant::now())
            });
            let in_flight = InFlight::begin();
            let is_done =
                py.detach(|| for_each_call!(self, call => call.wait(left.min(CHECK_EVERY))));
            drop(in_flight);
            if is_done {
                return Ok(true);
            }
            py.check_signals()?;
            if left.is_zero() {
                return Ok(false);
            }
        }
    }
}

#[pymethods]
impl Turn {
    /// Waits until the call is done, but no longer than so many seconds (or a timedelta); without an argument until its
    /// deadline. Tells whether it is done. The call goes on all the same.
    ///
    /// Blocks, without the interpreter lock; Ctrl-C ends the waiting and not the call. Any thread. Since 0.1.0.
    #[pyo3(signature = (seconds=None))]
    fn wait(&self, py: Python<'_>, seconds: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let is_zero = match seconds {
            Some(seconds) => seconds.eq(0).unwrap_or(false),
            None => false,
        };
        let at_most = match is_zero {
            true => Some(Duration::ZERO),
            false => optional_duration("seconds", seconds)?,
        };
        self.wait_until(py, at_most.map(|at_most| Instant::now() + at_most))
    }

    /// Whether what came of the call is there. Does not block. Any thread. Since 0.1.0.
    #[getter]
    fn done(&self) -> bool {
        for_each_call!(self, call => call.is_done())
    }

    /// What came of the call: a `Conversation`, a `Reply` or a `Closed`; the same each time.
    ///
    /// Blocks until it is there, which is at the call's deadline at the latest; Ctrl-C ends the waiting and not the call. Raises
    /// what the call would have raised. Any thread. Since 0.1.0.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.wait_until(py, None)?;
        match self.outcome.get_or_init(py, || self.taken(py)) {
            Ok(outcome) => Ok(outcome.clone_ref(py)),
            Err(error) => Err(error.clone_ref(py)),
        }
    }

    /// Ends the call, which is then done within milliseconds, with a truthful delivery. Does nothing when it is done already.
    /// Does not block. Any thread. Since 0.1.0.
    fn cancel(&self) {
        for_each_call!(self, call => call.cancel());
    }

    /// A descriptor that becomes readable when the call is done, for event loops. Wait for it only; it lasts as long as the
    /// turn. Does not block. Any thread. Since 0.1.0.
    fn fileno(&self) -> PyResult<i32> {
        for_each_call!(self, call => call.descriptor().map(|descriptor| descriptor.as_raw_fd()))
            .map_err(|error| PyOSError::new_err(error.to_string()))
    }

    /// The id that the service's support asks for; it is known before the call is done.
    #[getter]
    fn correlation_id(&self) -> &str {
        for_each_call!(self, call => call.correlation_id())
    }

    /// `Turn[Reply]`, for annotations.
    #[classmethod]
    fn __class_getitem__<'py>(
        class: &Bound<'py, PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let alias = class.py().import("types")?.getattr("GenericAlias")?;
        alias.call1((class, item))
    }

    fn __repr__(&self) -> String {
        format!(
            "<Turn {}, {}>",
            self.correlation_id(),
            if self.done() { "done" } else { "under way" }
        )
    }
}
