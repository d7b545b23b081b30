//! The listeners for attempts: the logger `polyai_chat`, and the client's `on_attempt`.

use crate::arguments::parsed;
use crate::calling::{call, call_method};
use crate::interrupt::Interrupt;
use crate::options;
use crate::shutdown::Listening;
use polyai_chat_core::{Config, LogLevel};
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The numbers of Python's `logging`.
fn level_number(level: LogLevel) -> u8 {
    match level {
        LogLevel::Debug => 10,
        LogLevel::Info => 20,
        LogLevel::Warn => 30,
    }
}

/// Whether somebody wants to hear of what went well, as it was when a call began last. So a call, or the thread of a started
/// one, need not wait for the interpreter, which may be busy, only to hear that nobody wants its line.
static WANTS_DEBUG: AtomicBool = AtomicBool::new(true);

/// Asks the logger what it lets through. To be called when a call begins.
///
/// # Errors
/// What a signal handler raised meanwhile; a logger that fails harms no call.
pub(crate) fn read_log_level(py: Python<'_>) -> PyResult<()> {
    let wants = match logger(py).and_then(|logger| is_enabled_for(logger, LogLevel::Debug)) {
        Err(error) if !error.is_instance_of::<PyException>(py) => return Err(error),
        outcome => outcome.unwrap_or(true),
    };
    WANTS_DEBUG.store(wants, Ordering::Relaxed);
    Ok(())
}

fn is_enabled_for(logger: &Bound<'_, PyAny>, level: LogLevel) -> PyResult<bool> {
    let is_enabled_for = logger.getattr(intern!(logger.py(), "isEnabledFor"))?;
    call(&is_enabled_for, (level_number(level),))?.is_truthy()
}

fn logger(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static LOGGER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let logger = LOGGER.get_or_try_init(py, || {
        let logging = py.import("logging")?;
        let logger = call_method(&logging, "getLogger", ("polyai_chat",))?;
        if !logger.getattr("handlers")?.is_truthy()? {
            // Without any handler, logging itself would print warnings to stderr.
            call_method(
                &logger,
                "addHandler",
                (call_method(&logging, "NullHandler", ())?,),
            )?;
        }
        Ok::<_, PyErr>(logger.unbind())
    })?;
    Ok(logger.bind(py))
}

/// The configuration with the options that were given, by which the client tells the logger of attempts, and `on_attempt` if
/// that is given too. What they raise is reported as unraisable, and harms no call.
pub(crate) fn configured(
    py: Python<'_>,
    mut config: Config,
    given: Option<&Bound<'_, PyDict>>,
) -> PyResult<Config> {
    let mut on_attempt = None;
    if let Some(given) = given {
        let given = given.copy()?;
        if let Some(listener) = given.get_item("on_attempt")? {
            given.del_item("on_attempt")?;
            if !listener.is_none() && !listener.is_callable() {
                let given = listener.get_type().name()?;
                return Err(PyTypeError::new_err(format!(
                    "on_attempt must be callable, not {given}"
                )));
            }
            on_attempt = (!listener.is_none()).then(|| listener.unbind());
        }
        options::set(&mut config, &given)?;
    }
    logger(py)?;
    config =
        config.log_filter(|level| level != LogLevel::Debug || WANTS_DEBUG.load(Ordering::Relaxed));
    config = config.on_log_of_call(|level, line, of_call| {
        attached(of_call, |py| {
            let logger = logger(py)?;
            if is_enabled_for(logger, level)? {
                let log = logger.getattr("log")?;
                within(py, of_call, &log, (level_number(level), "%s", line))?;
            }
            Ok(())
        });
    });
    if let Some(on_attempt) = on_attempt {
        config = config.on_attempt_of_call(move |attempt, of_call| {
            let json = attempt.to_json().to_string();
            attached(of_call, |py| {
                within(py, of_call, on_attempt.bind(py), (parsed(py, &json)?,))
            });
        });
    }
    Ok(config)
}

/// The context of the code that starts a call: its variables are those of the task, which has no thread of its own.
pub(crate) fn context(py: Python<'_>) -> PyResult<Arc<Py<PyAny>>> {
    static COPY_CONTEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let copy = COPY_CONTEXT.get_or_try_init(py, || {
        let module = py.import("contextvars")?;
        module.getattr("copy_context").map(Bound::unbind)
    })?;
    Ok(Arc::new(call(copy.bind(py), ())?.unbind()))
}

/// Calls a listener in the context that the call was started in, or else in that of this thread.
fn within<'py>(
    py: Python<'py>,
    of_call: Option<&(dyn Any + Send + Sync)>,
    listener: &Bound<'py, PyAny>,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>,
) -> PyResult<()> {
    let arguments = arguments.into_pyobject(py)?;
    match of_call.and_then(|of_call| of_call.downcast_ref::<Py<PyAny>>()) {
        Some(context) => {
            let with_listener = PyTuple::new(py, [listener])?.add(arguments)?;
            call_method(
                context.bind(py),
                "run",
                with_listener.cast_into::<PyTuple>()?,
            )?;
        }
        None => drop(call(listener, arguments)?),
    }
    Ok(())
}

/// Runs a listener. What it raises is reported, and harms no call; but what a signal handler raised meanwhile, such as
/// `KeyboardInterrupt`, ends a call that blocks on this thread.
fn attached(
    of_call: Option<&(dyn Any + Send + Sync)>,
    work: impl FnOnce(Python<'_>) -> PyResult<()>,
) {
    let Some(_listening) = Listening::begin() else {
        return;
    };
    Python::try_attach(|py| {
        let Err(error) = work(py) else {
            return;
        };
        let interrupt = of_call.and_then(|of_call| of_call.downcast_ref::<Interrupt>());
        let left = match interrupt {
            Some(interrupt) if !error.is_instance_of::<PyException>(py) => interrupt.keep(error),
            _ => Err(error),
        };
        if let Err(error) = left {
            error.write_unraisable(py, None);
        }
    });
}
