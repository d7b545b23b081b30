//! Ctrl-C, and whatever else a signal handler of Python's raises, ends a call.

use crate::error::to_python;
use crate::shutdown::InFlight;
use polyai_chat_core::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a wait lasts at most before signals are looked for.
pub(crate) const CHECK_EVERY: Duration = Duration::from_millis(50);

/// What a signal handler raised while a call waited. Signals reach the main thread only, so others do not look for them.
#[derive(Clone)]
pub(crate) struct Interrupt(Option<Arc<Mutex<Option<PyErr>>>>);

impl Interrupt {
    pub(crate) fn of_this_thread(py: Python<'_>) -> PyResult<Self> {
        Ok(Self(is_main_thread(py)?.then(Arc::default)))
    }

    /// To be asked by the waiting call; `true` cancels it.
    pub(crate) fn check(&self) -> Option<impl Fn() -> bool + Send + Sync + 'static> {
        let raised = Arc::clone(self.0.as_ref()?);
        Some(move || {
            let outcome = Python::try_attach(signals);
            let Some(Err(error)) = outcome else {
                return false;
            };
            *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            true
        })
    }

    fn raised(&self) -> Option<PyErr> {
        let raised = self.0.as_ref()?;
        raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Makes a call without the interpreter, and turns what came of it into Python's terms. An exception of a signal handler
/// wins over the `cancelled` that it led to, which stays its cause: it says whether the agent may have heard the turn.
pub(crate) fn call<T: Send>(
    py: Python<'_>,
    interrupt: &Interrupt,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    let in_flight = InFlight::begin();
    let outcome = py.detach(work);
    drop(in_flight);
    outcome.map_err(|error| {
        let exception = to_python(py, &error);
        match interrupt.raised() {
            Some(raised) if error.kind() == ErrorKind::Cancelled => {
                raised.set_cause(py, Some(exception));
                raised
            }
            _ => exception,
        }
    })
}

fn signals(py: Python<'_>) -> PyResult<()> {
    py.check_signals()
}

fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    static FUNCTIONS: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    let (current, main) = FUNCTIONS.get_or_try_init(py, || {
        let threading = py.import("threading")?;
        Ok::<_, PyErr>((
            threading.getattr("current_thread")?.unbind(),
            threading.getattr("main_thread")?.unbind(),
        ))
    })?;
    Ok(current.bind(py).call0()?.is(&main.bind(py).call0()?))
}
