//! A running simulator.

use polyai_chat_simulator::{Dialect, Fault, Operation, Script, Simulator, TlsIdentity};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use serde_json::{Value, json};
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The simulator below `polyai_chat_testing.Simulator`.
#[pyclass(frozen, module = "polyai_chat_testing._native")]
pub(crate) struct NativeSimulator {
    running: Mutex<Option<Simulator>>,
}

impl NativeSimulator {
    fn lock(&self) -> MutexGuard<'_, Option<Simulator>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, ask: impl FnOnce(&Simulator) -> T) -> PyResult<T> {
        self.lock()
            .as_ref()
            .map(ask)
            .ok_or_else(|| PyRuntimeError::new_err("the simulator has been stopped"))
    }
}

#[pymethods]
impl NativeSimulator {
    #[new]
    #[pyo3(signature = (*, script, dialect, api_key, token, account_id, project_id, tls, idle_limit))]
    #[allow(clippy::too_many_arguments, reason = "keywords of Python")]
    fn new(
        py: Python<'_>,
        script: Option<&str>,
        dialect: &str,
        api_key: &str,
        token: &str,
        account_id: &str,
        project_id: &str,
        tls: bool,
        idle_limit: Option<f64>,
    ) -> PyResult<Self> {
        let dialect = match dialect {
            "current" => Dialect::Current,
            "legacy" => Dialect::Legacy,
            _ => {
                return Err(wrong(format!(
                    "dialect is {dialect:?}; it must be 'current' or 'legacy'"
                )));
            }
        };
        let mut builder = Simulator::builder()
            .credentials(api_key, token)
            .account(account_id, project_id)
            .dialect(dialect);
        if let Some(script) = script {
            builder = builder.script(Script::parse(script, "script").map_err(wrong)?);
        }
        if tls {
            builder = builder.tls(TlsIdentity::generate().map_err(wrong)?);
        }
        if let Some(seconds) = idle_limit {
            let limit = Duration::try_from_secs_f64(seconds).map_err(wrong)?;
            builder = builder.idle_limit(limit);
        }
        let started = py.detach(|| builder.start()).map_err(wrong)?;
        Ok(Self {
            running: Mutex::new(Some(started)),
        })
    }

    #[getter]
    fn url(&self) -> PyResult<String> {
        self.with(Simulator::url)
    }

    #[getter]
    fn ca_pem(&self) -> PyResult<Option<String>> {
        self.with(|running| running.ca_pem().map(str::to_owned))
    }

    #[getter]
    fn connections(&self) -> PyResult<u64> {
        self.with(Simulator::connections)
    }

    /// Takes the text of an object with an action and, if it is not for always, when it happens.
    fn fail(&self, fault: &str) -> PyResult<()> {
        let fault: Fault = serde_json::from_str(fault)
            .map_err(|error| wrong(format!("this is no fault: {error}")))?;
        self.with(|running| running.fail(fault))?
            .map(drop)
            .map_err(wrong)
    }

    fn clear_faults(&self) -> PyResult<()> {
        self.with(Simulator::clear_faults)
    }

    fn received(&self) -> PyResult<String> {
        let requests: Vec<Value> = self.with(|running| {
            running
                .received()
                .iter()
                .map(|request| {
                    json!({
                        "number": request.number,
                        "connection": request.connection,
                        "number_on_connection": request.number_on_connection,
                        "method": request.method,
                        "target": request.target,
                        "headers": request.redacted_headers(),
                        "body": request.text(),
                        "complete": request.complete,
                        "operation": request.operation.map(Operation::name),
                        "conversation_id": request.conversation_id,
                        "processed": request.processed,
                        "status": request.status,
                        "replied": request.replied,
                    })
                })
                .collect()
        })?;
        Ok(Value::from(requests).to_string())
    }

    fn conversations(&self) -> PyResult<String> {
        let conversations = self.with(Simulator::conversations)?;
        serde_json::to_string(&conversations)
            .map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }

    fn requests_to(&self, operation: &str) -> PyResult<u64> {
        let operation = Operation::from_name(operation).ok_or_else(|| {
            wrong(format!(
                "operation is {operation:?}; it must be 'create', 'respond' or 'close'"
            ))
        })?;
        self.with(|running| running.requests_to(operation))
    }

    fn end_conversation(&self, conversation_id: &str) -> PyResult<bool> {
        self.with(|running| running.end_conversation(conversation_id))
    }

    fn clear(&self) -> PyResult<()> {
        self.with(Simulator::clear)
    }

    fn stop(&self, py: Python<'_>) {
        let running = self.lock().take();
        py.detach(|| drop(running));
    }
}

fn wrong(problem: impl Display) -> PyErr {
    PyValueError::new_err(problem.to_string())
}
