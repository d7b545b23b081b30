//! The client.

use crate::arguments::{duration, parsed};
use crate::conversation::Conversation;
use crate::error::to_python;
use crate::interrupt::{Interrupt, call};
use crate::reply::{Closed, Reply};
use crate::turn::Turn;
use crate::{listeners, options, request};
use polyai_chat_core::{self as core, Attempt, Config, SettingDescription, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use std::path::PathBuf;

/// Talks to one project of the service.
///
/// Options are keyword arguments, named as in the table of options; times are seconds or timedeltas. `region`,
/// `base_url` and `studio_url` are one choice. `on_attempt`, if given, is called with a dict for each attempt of a call, on
/// the thread of the call.
///
/// Any number of threads may use it, and share its connections. Making one opens no socket and starts no thread. It survives
/// fork, and cannot be pickled: it holds keys. Raises ConfigurationError where something is missing or wrong. Since 0.1.0.
#[pyclass(frozen, module = "polyai_chat", weakref)]
pub(crate) struct Client {
    client: core::Client,
    settings: Vec<SettingDescription>,
}

impl Client {
    fn made(
        py: Python<'_>,
        mut config: Config,
        given: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let mut on_attempt = None;
        if let Some(given) = given {
            let given = given.copy()?;
            if let Some(listener) = given.get_item("on_attempt")? {
                given.del_item("on_attempt")?;
                on_attempt = (!listener.is_none()).then(|| listener.unbind());
            }
            options::set(&mut config, &given)?;
        }
        let config = listeners::add(py, config, on_attempt)?;
        let settings = config.describe();
        let client = py.detach(|| core::Client::new(config));
        Ok(Self {
            client: client.map_err(|error| to_python(py, &error))?,
            settings,
        })
    }
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Self::made(py, Config::new(), options)
    }

    /// A client from the environment variables `POLYAI_...`; keyword arguments beat them.
    ///
    /// Raises ConfigurationError. Since 0.1.0.
    #[classmethod]
    #[pyo3(signature = (**options))]
    fn from_env(class: &Bound<'_, PyType>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let py = class.py();
        let config = Config::from_environment().map_err(|error| to_python(py, &error))?;
        Self::made(py, config, options)
    }

    /// A client from a profile of a configuration file, by default the profile `default` of `$POLYAI_CONFIG_FILE`, else
    /// `$XDG_CONFIG_HOME/polyai/config.toml`, else `~/.config/polyai/config.toml`; keyword arguments beat it.
    ///
    /// Raises ConfigurationError, with file and line. Since 0.1.0.
    #[classmethod]
    #[pyo3(signature = (profile=None, *, file=None, **options))]
    fn from_profile(
        class: &Bound<'_, PyType>,
        profile: Option<String>,
        file: Option<PathBuf>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let py = class.py();
        let config = match file {
            Some(file) => Config::new().with_profile_from(&file, profile.as_deref()),
            None => Config::new().with_profile(profile.as_deref()),
        };
        Self::made(py, config.map_err(|error| to_python(py, &error))?, options)
    }

    /// Starts a conversation; the agent greets.
    ///
    /// Keywords: `integration_attributes` (a mapping), `variant_id`, `channel`, `asr_lang_code`, `tts_lang_code`; in the
    /// legacy dialect `user_id`, `message`, `metadata`; `timeout` (seconds or timedelta; None is the client's),
    /// `correlation_id`, `extra` (fields that this library does not know).
    ///
    /// Raises any ChatError; after one with the delivery 'unknown' a conversation may be open that nobody can reach. Blocks, without
    /// the interpreter lock, at most for the deadline; Ctrl-C ends it. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (**fields),
        text_signature = "($self, *, integration_attributes=None, variant_id=None, channel=None, asr_lang_code=None, \
            tts_lang_code=None, user_id=None, message=None, metadata=None, timeout=None, \
            correlation_id=None, extra=None)"
    )]
    fn create(&self, py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Conversation> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let request = request::create(fields, Some(&interrupt))?;
        let conversation = call(py, &interrupt, || self.client.create(request))?;
        Ok(Conversation::new(self.client.clone(), conversation))
    }

    /// Starts to create a conversation and returns at once. Arguments as `create`. Does not block. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (**fields),
        text_signature = "($self, *, integration_attributes=None, variant_id=None, channel=None, asr_lang_code=None, \
            tts_lang_code=None, user_id=None, message=None, metadata=None, timeout=None, \
            correlation_id=None, extra=None)"
    )]
    fn start_create(&self, py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Turn> {
        let request = request::create(fields, None)?;
        let started = py.detach(|| self.client.start_create(request));
        let started = started.map_err(|error| to_python(py, &error))?;
        Ok(Turn::of_create(self.client.clone(), started))
    }

    /// Goes on with a conversation that was created elsewhere, or earlier. Sends nothing. Any thread. Since 0.1.0.
    fn attach(&self, py: Python<'_>, conversation_id: String) -> PyResult<Conversation> {
        let attached = self.client.attach(conversation_id);
        let conversation = attached.map_err(|error| to_python(py, &error))?;
        Ok(Conversation::new(self.client.clone(), conversation))
    }

    /// One turn of a conversation by its id alone: no order among turns and no state is kept. Arguments, errors and blocking as
    /// `Conversation.respond`. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (conversation_id, message=None, **fields),
        text_signature = "($self, conversation_id, message=None, *, integration_attributes=None, metadata=None, \
            asr_lang_code=None, tts_lang_code=None, timeout=None, correlation_id=None, extra=None)"
    )]
    fn respond(
        &self,
        py: Python<'_>,
        conversation_id: &str,
        message: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Reply> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let request = request::respond(message, fields, Some(&interrupt))?;
        let reply = call(py, &interrupt, || {
            self.client.respond(conversation_id, request)
        })?;
        Ok(Reply::new(&reply))
    }

    /// Closes a conversation by its id; one that is over already counts as closed. Arguments, errors and blocking as
    /// `Conversation.close`. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (conversation_id, **fields),
        text_signature = "($self, conversation_id, *, timeout=None, correlation_id=None, extra=None)"
    )]
    fn close(
        &self,
        py: Python<'_>,
        conversation_id: &str,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Closed> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let request = request::close(fields, Some(&interrupt))?;
        let closed = call(py, &interrupt, || {
            self.client.close(conversation_id, request)
        })?;
        Ok(Closed::new(&closed))
    }

    /// Opens a connection ahead of the first turn, unless one is idle already. Sends no request.
    ///
    /// Raises ConnectError or DeadlineExceededError. Blocks, without the interpreter lock, at most for `timeout` (seconds or
    /// timedelta). Any thread. Since 0.1.0.
    fn warm_up(&self, py: Python<'_>, timeout: &Bound<'_, PyAny>) -> PyResult<()> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let timeout = duration("timeout", timeout)?;
        call(py, &interrupt, || self.client.warm_up(timeout))
    }

    /// Ends every call that is under way, each with a truthful delivery, closes idle connections, and has later calls fail. Does
    /// not wait; sends nothing. Any thread. Since 0.1.0.
    fn shut_down(&self, py: Python<'_>) {
        py.detach(|| self.client.shut_down());
    }

    /// Replaces key and token, as a pair, while calls run. Any thread. Since 0.1.0.
    fn replace_credentials(&self, py: Python<'_>, api_key: &str, token: &str) -> PyResult<()> {
        let outcome = self.client.replace_credentials(api_key, token);
        outcome.map_err(|error| to_python(py, &error))
    }

    /// Where the service is, as it was configured.
    #[getter]
    fn base_url(&self) -> &str {
        self.client.base_url()
    }

    /// The proxy between this client and the service, without user name and password; None where the connection is direct.
    #[getter]
    fn proxy(&self) -> Option<String> {
        self.client.proxy()
    }

    /// The dialect that the client speaks: 'current' or 'legacy'.
    #[getter]
    fn dialect(&self) -> &'static str {
        self.client.dialect().name()
    }

    /// What each option was set to when the client was made, as a list of dicts in the order of `OPTIONS`: `name`, `value` (secrets
    /// are 'set'), and where it came from. Any thread. Since 0.1.0.
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let settings: Vec<Value> = self
            .settings
            .iter()
            .map(SettingDescription::to_json)
            .collect();
        parsed(py, &Value::from(settings).to_string())
    }

    /// The client's counters, as a dict. Any thread. Since 0.1.0.
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let metrics = parsed(py, &self.client.metrics().to_json().to_string())?;
        metrics.set_item("breaker", self.client.breaker_state().name())?;
        Ok(metrics)
    }

    /// The last attempts of all calls, oldest first, as a list of dicts. Any thread. Since 0.1.0.
    fn recent_attempts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let attempts: Vec<Value> = self
            .client
            .recent_attempts()
            .iter()
            .map(Attempt::to_json)
            .collect();
        parsed(py, &Value::from(attempts).to_string())
    }

    fn __repr__(&self) -> String {
        format!("<Client of {}>", self.client.base_url())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a Client cannot be pickled, because it holds keys: make one in each process, for instance with Client.from_env()",
        ))
    }
}
