//! Who is told of attempts: the logger `polyai_chat`, and the client's `on_attempt`.

use crate::arguments::parsed;
use crate::shutdown::is_over;
use polyai_chat_core::{Config, LogLevel};
use pyo3::prelude::*;

/// The numbers of Python's `logging`.
fn level_number(level: LogLevel) -> u8 {
    match level {
        LogLevel::Debug => 10,
        LogLevel::Info => 20,
        LogLevel::Warn => 30,
    }
}

/// Has the client tell both. What they raise is reported as unraisable, and harms no call.
pub(crate) fn add(
    py: Python<'_>,
    mut config: Config,
    on_attempt: Option<Py<PyAny>>,
) -> PyResult<Config> {
    let logging = py.import("logging")?;
    let logger = logging.call_method1("getLogger", ("polyai_chat",))?;
    if !logger.getattr("handlers")?.is_truthy()? {
        // Without any handler, logging itself would print warnings to stderr.
        logger.call_method1("addHandler", (logging.call_method0("NullHandler")?,))?;
    }
    let logger = logger.unbind();
    config = config.on_log(move |level, line| {
        attached(|py| {
            let (logger, level) = (logger.bind(py), level_number(level));
            if logger.call_method1("isEnabledFor", (level,))?.is_truthy()? {
                logger.call_method1("log", (level, "%s", line))?;
            }
            Ok(())
        });
    });
    if let Some(on_attempt) = on_attempt {
        config = config.on_attempt(move |attempt| {
            let json = attempt.to_json().to_string();
            attached(|py| {
                on_attempt.call1(py, (parsed(py, &json)?,))?;
                Ok(())
            });
        });
    }
    Ok(config)
}

fn attached(work: impl FnOnce(Python<'_>) -> PyResult<()>) {
    if is_over() {
        return;
    }
    Python::try_attach(|py| {
        if let Err(error) = work(py) {
            error.write_unraisable(py, None);
        }
    });
}
