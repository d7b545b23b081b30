//! A call that was started.

use crate::arguments::patience;
use crate::conversation::Conversation;
use crate::error::to_python;
use crate::interrupt;
use crate::reply::{Closed, Reply};
use polyai_chat_core::{self as core, Error, StartedCall, descriptor_number};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use std::time::Instant;

/// A call that was started and goes on by itself: ``Turn[Reply]``, ``Turn[Conversation]`` or ``Turn[Closed]``.
///
/// Wait for it a while, do something else, cancel it, take its outcome. Dropping it cancels it. Any thread may
/// use it. Since 0.1.0.
#[pyclass(frozen, module = "polyai_chat", weakref)]
pub(crate) struct Turn {
    call: StartedCall,
    client: core::Client,
    /// A failure is kept as the core's: an exception refers to the frames that it went through, and they to this.
    outcome: PyOnceLock<Result<Py<PyAny>, Error>>,
}

impl Turn {
    /// Starts a call without the interpreter.
    pub(crate) fn start<T: Send>(
        py: Python<'_>,
        client: &core::Client,
        start: impl FnOnce() -> Result<core::Turn<T>, Error> + Send,
    ) -> PyResult<Self>
    where
        core::Turn<T>: Into<StartedCall>,
    {
        let started = py.detach(start).map_err(|error| to_python(py, &error))?;
        Ok(Self {
            call: started.into(),
            client: client.clone(),
            outcome: PyOnceLock::new(),
        })
    }

    /// Has the number appear there when the call is done.
    pub(crate) fn announce(&self, completions: &core::Completions, number: u64) {
        self.call.announce(completions, number);
    }

    /// The outcome of a call that is done, as Python sees it.
    fn taken(&self, py: Python<'_>) -> PyResult<Result<Py<PyAny>, Error>> {
        fn outcome<T, Made: for<'py> IntoPyObjectExt<'py>>(
            py: Python<'_>,
            call: &core::Turn<T>,
            make: impl FnOnce(T) -> Made,
        ) -> PyResult<Result<Py<PyAny>, Error>> {
            let gone = || Err(Error::internal("the outcome of the turn is gone"));
            match call.take_once().unwrap_or_else(gone) {
                Ok(outcome) => Ok(Ok(make(outcome).into_py_any(py)?)),
                Err(error) => Ok(Err(error)),
            }
        }
        match &self.call {
            StartedCall::Create(call) => outcome(py, call, |conversation| {
                Conversation::new(self.client.clone(), conversation)
            }),
            StartedCall::Respond(call) => outcome(py, call, |reply| Reply::new(&reply)),
            StartedCall::Close(call) => outcome(py, call, |closed| Closed::new(&closed)),
            StartedCall::CloseIfOpen(call) => {
                outcome(py, call, |closed| closed.as_ref().map(Closed::new))
            }
            StartedCall::WarmUp(call) => outcome(py, call, |()| py.None()),
        }
    }

    fn wait_until(&self, py: Python<'_>, until: Option<Instant>) -> PyResult<bool> {
        interrupt::wait(py, |at_most| self.call.wait(at_most), until)
    }
}

#[pymethods]
impl Turn {
    /// Waits until the call is done, for a while. The call goes on all the same.
    ///
    /// Args:
    ///     seconds: How long at most, from 0 to 86400, or a timedelta. None waits until it is done, which is at its
    ///         deadline at the latest.
    ///
    /// Returns:
    ///     Whether it is done.
    ///
    /// Raises:
    ///     TypeError, ValueError: That is no time.
    ///
    /// Blocks at most for so long, while other threads run; Ctrl-C ends the waiting, not the call. Any thread. Since
    /// 0.1.0.
    #[pyo3(signature = (seconds=None))]
    fn wait(&self, py: Python<'_>, seconds: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let at_most = seconds
            .map(|seconds| patience("seconds", seconds))
            .transpose()?;
        self.wait_until(py, at_most.map(|at_most| Instant::now() + at_most))
    }

    /// Whether the outcome of the call is there.
    #[getter]
    fn done(&self) -> bool {
        self.call.is_done()
    }

    /// Gives the outcome of the call, the same each time, and waits for it first.
    ///
    /// Returns:
    ///     What the call would have returned, had it not been started. That is a `Conversation`, a `Reply`, a `Closed`
    ///     or None.
    ///
    /// Raises:
    ///     ChatError: What the call would have raised.
    ///
    /// Blocks until the call is done, which is at its deadline at the latest, while other threads run; Ctrl-C ends the
    /// waiting, not the call. Any thread. Since 0.1.0.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        // An event loop asks when it is there, and keeps the interpreter then.
        if !self.done() {
            self.wait_until(py, None)?;
        }
        match self.outcome.get_or_try_init(py, || self.taken(py))? {
            Ok(outcome) => Ok(outcome.clone_ref(py)),
            Err(error) => Err(to_python(py, error)),
        }
    }

    /// Ends the call, which is then done within milliseconds; its result raises `CallCancelledError`, whose delivery is
    /// truthful.
    ///
    /// Does nothing when it is done already.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn cancel(&self) {
        self.call.cancel();
    }

    /// Gives a descriptor that becomes readable when the call is done, for `select` and event loops.
    ///
    /// Returns:
    ///     The descriptor. Wait for it only, and neither read nor close it; it lasts as long as the turn.
    ///
    /// Raises:
    ///     OSError: The system has no descriptor left.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn fileno(&self) -> PyResult<i32> {
        self.call
            .descriptor()
            .map(descriptor_number)
            .map_err(|error| PyOSError::new_err(error.to_string()))
    }

    /// The id that the service's support asks for; it is known before the call is done.
    #[getter]
    fn correlation_id(&self) -> &str {
        self.call.correlation_id()
    }

    /// ``Turn[Reply]``, for annotations.
    #[classmethod]
    fn __class_getitem__<'py>(
        class: &Bound<'py, PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let alias = class.py().import("types")?.getattr("GenericAlias")?;
        alias.call1((class, item))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a Turn cannot be pickled, because its call runs in this process: pickle its result",
        ))
    }

    fn __repr__(&self) -> String {
        format!(
            "<Turn {}, {}>",
            self.correlation_id(),
            if self.done() { "done" } else { "under way" }
        )
    }
}
