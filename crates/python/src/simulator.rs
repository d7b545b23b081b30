//! The simulator in the process of a test: `polyai_chat.testing`.

use crate::arguments::{duration, json, parsed, patience};
use polyai_chat_simulator::{self as sim, Dialect, Fault, Script, TlsIdentity};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde_json::{Value, json as object};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long it waits for what a test expects, if the test says nothing else.
const PATIENCE: Duration = Duration::from_secs(10);

/// A local double of the service, in this process, on a free port of this machine. No PolyAI service is contacted.
///
/// It speaks the same HTTP, refuses in the same words, counts what it receives, and misbehaves on demand. A `with`
/// block stops it at the end. Any thread may use it.
///
/// Args:
///     script: The text of a script in TOML, which says how the agent answers; the simulator's manual describes it.
///         None is an agent for returns and billing.
///     dialect: 'current' or 'legacy'.
///     api_key: The key that it accepts.
///     token: The connector token that it accepts.
///     account_id: The account that it has.
///     project_id: The project that it has.
///     tls: True for https, with an authority of its own, which `ca_pem` gives.
///     idle_limit: After how many seconds above 0 and at most 86400, or which timedelta, a conversation times out.
///         None is never.
///
/// Raises:
///     ValueError: An argument is wrong; in a script, line and column are named.
///
/// Example:
///     >>> with Simulator() as simulator:
///     ...     Client(**simulator.options).create().respond("Hello").response
///     'Hello again! How can I help?'
///
/// Does not block. Since 0.1.0.
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
    /// Starts it; the arguments are those of the class.
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

    /// All options that a client of this simulator needs, in a new dict: ``Client(**simulator.options)``.
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

    /// The environment variables that lead a program to this simulator, in a new dict: what `options` has, as
    /// ``Client.from_env`` and the command line read it.
    ///
    /// Example:
    ///     >>> simulator.environment["POLYAI_ACCOUNT_ID"]
    ///     'simulator-account'
    #[getter]
    fn environment<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let environment = PyDict::new(py);
        for (name, value) in self.options(py)? {
            let name: String = name.extract()?;
            environment.set_item(format!("POLYAI_{}", name.to_uppercase()), value)?;
        }
        Ok(environment)
    }

    /// Makes it misbehave, until `clear_faults`. Several faults may be set.
    ///
    /// Args:
    ///     action: What happens, as in a script: a mapping with one action of the table in the simulator's manual.
    ///     when: On which occasions; all that is set must hold. None is always.
    ///
    /// Raises:
    ///     ValueError: That is no fault; the text says what would be right.
    ///     TypeError: An argument is not a mapping.
    ///     RuntimeError: The simulator has been stopped.
    ///
    /// Example:
    ///     >>> simulator.fail({"answer": {"status": 503}}, {"operation": "respond", "nth": 2})
    ///     >>> conversation.respond("Hello").response
    ///     'Hello again! How can I help?'
    ///     >>> conversation.respond("Hello")
    ///     Traceback (most recent call last):
    ///     ...
    ///     polyai_chat.ServerError: server: the service answered 503 ...
    ///
    /// Does not block. Any thread. Since 0.1.0.
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

    /// Makes it behave again.
    ///
    /// Raises:
    ///     RuntimeError: The simulator has been stopped.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn clear_faults(&self) -> PyResult<()> {
        self.with(sim::Simulator::clear_faults)
    }

    /// Gives the requests that it received, at most the last 10,000.
    ///
    /// Returns:
    ///     A new list, oldest first, of dicts with `number`, `connection`, `number_on_connection`, `method`, `target`,
    ///     `headers` (a list of names, exactly as they were spelled, and values; those of key and token are 'set'),
    ///     `body` (a str), `complete`, `operation`, `conversation_id`, `processed`, `status` and `replied`.
    ///
    /// Raises:
    ///     RuntimeError: The simulator has been stopped.
    ///
    /// Does not block. Any thread. Since 0.1.0.
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

    /// Gives the conversations that it held.
    ///
    /// Returns:
    ///     A new list of dicts with `id`, `created_with`, `turns`, `messages` (None where one was absent), `ended`,
    ///     `closed`, `timed_out`, `handoff`, `last_status`, `turns_in_flight` and `most_turns_in_flight`.
    ///
    /// Raises:
    ///     RuntimeError: The simulator has been stopped.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn conversations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let conversations = self.with(sim::Simulator::conversations)?;
        let text = serde_json::to_string(&conversations)
            .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        parsed(py, &text)
    }

    /// Counts the requests of one operation that it received.
    ///
    /// Args:
    ///     operation: 'create', 'respond' or 'close'.
    ///
    /// Returns:
    ///     How many.
    ///
    /// Raises:
    ///     ValueError: There is no such operation.
    ///     RuntimeError: The simulator has been stopped.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn requests_to(&self, operation: &str) -> PyResult<u64> {
        let operation = sim::Operation::from_name(operation).ok_or_else(|| {
            PyValueError::new_err(format!(
                "operation is {operation:?}; it must be 'create', 'respond' or 'close'"
            ))
        })?;
        self.with(|running| running.requests_to(operation))
    }

    /// How many connections it accepted.
    #[getter]
    fn connections(&self) -> PyResult<u64> {
        self.with(sim::Simulator::connections)
    }

    /// Waits until it has received so many requests of one operation.
    ///
    /// Args:
    ///     operation: 'create', 'respond' or 'close'.
    ///     count: How many requests since its start, or since `clear`.
    ///     timeout: For how many seconds at most.
    ///
    /// Returns:
    ///     Whether it has.
    ///
    /// Raises:
    ///     ValueError: There is no such operation.
    ///     RuntimeError: The simulator has been stopped.
    ///
    /// Blocks at most for `timeout`, while other threads run; Ctrl-C ends it. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (operation, count, timeout=None),
        text_signature = "($self, operation, count, timeout=10.0)"
    )]
    fn wait_for(
        &self,
        py: Python<'_>,
        operation: &str,
        count: u64,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let timeout = timeout.map_or(Ok(PATIENCE), |timeout| patience("timeout", timeout))?;
        let until = Instant::now() + timeout;
        loop {
            if self.requests_to(operation)? >= count {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            py.check_signals()?;
            py.detach(|| std::thread::sleep(Duration::from_millis(2)));
        }
    }

    /// Ends a conversation from the service's side.
    ///
    /// Args:
    ///     conversation_id: Its id.
    ///
    /// Returns:
    ///     Whether there is such a one.
    ///
    /// Raises:
    ///     RuntimeError: The simulator has been stopped.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn end_conversation(&self, conversation_id: &str) -> PyResult<bool> {
        self.with(|running| running.end_conversation(conversation_id))
    }

    /// Forgets the requests that it received, and counts from zero. Conversations, connections and faults stay.
    ///
    /// Raises:
    ///     RuntimeError: The simulator has been stopped.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn clear(&self) -> PyResult<()> {
        self.with(sim::Simulator::clear)
    }

    /// Stops it: closes its port and all connections. Stopping it again does nothing.
    ///
    /// Blocks until that is done, which takes milliseconds. Any thread. Since 0.1.0.
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
