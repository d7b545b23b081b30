//! The simulator in the process of a test: `polyai_chat.testing`.

use crate::arguments::{duration, json, parsed};
use polyai_chat_simulator::{self as sim, Dialect, Fault, Script, TlsIdentity};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde_json::{Value, json as object};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A local double of the service, in this process, on a free port of the loopback interface. No PolyAI service is contacted.
///
/// As a context manager it stops at the end of the block. Since 0.1.0.
#[pyclass(frozen, module = "polyai_chat.testing", weakref)]
pub(crate) struct Simulator {
    running: Mutex<Option<sim::Simulator>>,
}

impl Simulator {
    fn lock(&self) -> MutexGuard<'_, Option<sim::Simulator>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, ask: impl FnOnce(&sim::Simulator) -> T) -> PyResult<T> {
        let running = self.lock();
        running
            .as_ref()
            .map(ask)
            .ok_or_else(|| PyRuntimeError::new_err("the simulator has been stopped"))
    }
}

#[pymethods]
impl Simulator {
    /// Starts a simulator.
    ///
    /// Keywords: `script` (text of a script, see the manual of the simulator; without one an agent for returns and billing
    /// answers), `dialect` ('current' or 'legacy'), `api_key`, `token`, `account_id`, `project_id`, `tls` (True for https with an
    /// authority of its own, see `ca_pem`), `idle_limit` (seconds or timedelta after which a conversation times out). Raises
    /// ValueError, with line and column for a script. Since 0.1.0.
    #[new]
    #[pyo3(signature = (*, script=None, dialect="current", api_key="simulator-key", token="simulator-token",
        account_id="simulator-account", project_id="simulator-project", tls=false, idle_limit=None))]
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
        idle_limit: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let wrong = |error: &dyn std::fmt::Display| PyValueError::new_err(error.to_string());
        let mut builder = sim::Simulator::builder()
            .credentials(api_key, token)
            .account(account_id, project_id)
            .dialect(match dialect {
                "current" => Dialect::Current,
                "legacy" => Dialect::Legacy,
                _ => {
                    return Err(PyValueError::new_err(format!(
                        "dialect is {dialect:?}; it must be 'current' or 'legacy'"
                    )));
                }
            });
        if let Some(script) = script {
            builder =
                builder.script(Script::parse(script, "script").map_err(|error| wrong(&error))?);
        }
        if tls {
            builder = builder.tls(TlsIdentity::generate().map_err(|error| wrong(&error))?);
        }
        if let Some(limit) = idle_limit {
            builder = builder.idle_limit(duration("idle_limit", limit)?);
        }
        let started = py.detach(|| builder.start());
        Ok(Self {
            running: Mutex::new(Some(started.map_err(|error| wrong(&error))?)),
        })
    }

    /// Its URL, for the option `base_url`.
    #[getter]
    fn url(&self) -> PyResult<String> {
        self.with(sim::Simulator::url)
    }

    /// The certificate authority behind its certificate, for the option `ca_pem`; None without TLS.
    #[getter]
    fn ca_pem(&self) -> PyResult<Option<String>> {
        self.with(|running| running.ca_pem().map(str::to_owned))
    }

    /// All options that a client of this simulator needs: `Client(**simulator.options)`.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let options = PyDict::new(py);
        self.with(|running| {
            options.set_item("base_url", running.url())?;
            options.set_item("account_id", running.account_id())?;
            options.set_item("project_id", running.project_id())?;
            options.set_item("api_key", running.api_key())?;
            options.set_item("token", running.token())?;
            options.set_item(
                "dialect",
                match running.dialect() {
                    Dialect::Current => "current",
                    Dialect::Legacy => "legacy",
                },
            )?;
            match running.ca_pem() {
                Some(pem) => options.set_item("ca_pem", pem),
                None => Ok(()),
            }
        })??;
        Ok(options)
    }

    /// Has it misbehave: `action` is what happens, `when` on which occasions, both as in a script, such as
    /// `fail({"answer": {"status": 503}}, {"operation": "respond", "nth": 2})`.
    ///
    /// Raises ValueError, which says what would be right. Since 0.1.0.
    #[pyo3(signature = (action, when=None))]
    fn fail(&self, action: &Bound<'_, PyAny>, when: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let action = json("action", Some(action))?.unwrap_or_default();
        let when = json("when", when)?.unwrap_or_else(|| object!({}));
        let fault: Fault = serde_json::from_value(object!({ "action": action, "when": when }))
            .map_err(|error| PyValueError::new_err(format!("this is no fault: {error}")))?;
        let outcome = self.with(|running| running.fail(fault))?;
        outcome
            .map(drop)
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Has it behave again. Since 0.1.0.
    fn clear_faults(&self) -> PyResult<()> {
        self.with(sim::Simulator::clear_faults)
    }

    /// The requests that it received, oldest first, as a list of dicts: `number`, `connection`, `number_on_connection`,
    /// `method`, `target`, `headers` (a list of names, exactly as they were spelled, and values), `body` (text), `complete`,
    /// `operation`, `conversation_id`, `processed`, `status`, `replied`. Values of key and token are 'set'. Since 0.1.0.
    fn received<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let requests: Vec<Value> = self.with(|running| {
            running
                .received()
                .iter()
                .map(|request| {
                    object!({
                        "number": request.number,
                        "connection": request.connection,
                        "number_on_connection": request.number_on_connection,
                        "method": request.method,
                        "target": request.target,
                        "headers": request.redacted_headers(),
                        "body": request.text(),
                        "complete": request.complete,
                        "operation": request.operation.map(sim::Operation::name),
                        "conversation_id": request.conversation_id,
                        "processed": request.processed,
                        "status": request.status,
                        "replied": request.replied,
                    })
                })
                .collect()
        })?;
        parsed(py, &Value::from(requests).to_string())
    }

    /// The conversations that it held, as a list of dicts: `id`, `created_with`, `turns`, `messages` (None where one was
    /// absent), `ended`, `closed`, `timed_out`, `handoff` and more. Since 0.1.0.
    fn conversations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let conversations = self.with(sim::Simulator::conversations)?;
        let text = serde_json::to_string(&conversations)
            .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        parsed(py, &text)
    }

    /// How many requests of this operation ('create', 'respond' or 'close') it received. Since 0.1.0.
    fn requests_to(&self, operation: &str) -> PyResult<u64> {
        let operation = sim::Operation::from_name(operation).ok_or_else(|| {
            PyValueError::new_err(format!(
                "operation is {operation:?}; it must be 'create', 'respond' or 'close'"
            ))
        })?;
        self.with(|running| running.requests_to(operation))
    }

    /// How many connections it accepted. Since 0.1.0.
    #[getter]
    fn connections(&self) -> PyResult<u64> {
        self.with(sim::Simulator::connections)
    }

    /// Waits until it has received so many requests of this operation, but no longer than so many seconds; tells whether it has.
    /// Blocks, without the interpreter lock. Since 0.1.0.
    #[pyo3(signature = (operation, count, timeout=10.0))]
    fn wait_for(
        &self,
        py: Python<'_>,
        operation: &str,
        count: u64,
        timeout: f64,
    ) -> PyResult<bool> {
        let until = std::time::Instant::now()
            + std::time::Duration::try_from_secs_f64(timeout).unwrap_or_default();
        loop {
            if self.requests_to(operation)? >= count {
                return Ok(true);
            }
            if std::time::Instant::now() >= until {
                return Ok(false);
            }
            py.check_signals()?;
            py.detach(|| std::thread::sleep(std::time::Duration::from_millis(2)));
        }
    }

    /// Ends a conversation from the service's side; tells whether there is such a one. Since 0.1.0.
    fn end_conversation(&self, conversation_id: &str) -> PyResult<bool> {
        self.with(|running| running.end_conversation(conversation_id))
    }

    /// Forgets what it received and all conversations. Since 0.1.0.
    fn clear(&self) -> PyResult<()> {
        self.with(sim::Simulator::clear)
    }

    /// Stops it: closes its port and all connections. Since 0.1.0.
    fn stop(&self, py: Python<'_>) {
        let running = self.lock().take();
        py.detach(|| drop(running));
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _exception_type: &Bound<'_, PyAny>,
        _exception: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) {
        self.stop(py);
    }

    fn __repr__(&self) -> String {
        match self.url() {
            Ok(url) => format!("<Simulator at {url}, no PolyAI service contacted>"),
            Err(_) => "<Simulator, stopped>".to_owned(),
        }
    }
}

/// Runs the program `polyai-chat` with these arguments, its own name first, and returns its exit status. Since 0.1.0.
#[pyfunction]
pub(crate) fn run_command_line(py: Python<'_>, arguments: &Bound<'_, PyList>) -> PyResult<u8> {
    let arguments: Vec<std::ffi::OsString> = arguments.extract()?;
    Ok(py.detach(|| polyai_chat_cli::run(arguments)))
}
