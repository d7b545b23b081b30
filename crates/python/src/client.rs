//! The client.

use crate::arguments::{duration, parsed, patience, text};
use crate::conversation::Conversation;
use crate::error::to_python;
use crate::interrupt::{Interrupt, call, finish};
use crate::reply::{Closed, Reply};
use crate::turn::Turn;
use crate::{listeners, request};
use polyai_chat_core::{self as core, Attempt, Config, SettingDescription, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use std::path::PathBuf;

/// Talks to one project of the service.
///
/// Make one at the start, keep it, and close it at the end. Any number of threads may use it, and share its connections. Making one
/// opens no socket and starts no thread. It goes on in a child after a fork. It holds keys, which it shows nowhere.
///
/// Args:
///     options: The options of the table in the guide (`polyai_chat.OPTIONS`) by their keywords, each of the type
///         that the table says; times are seconds above 0 and at most 86400, or timedeltas. None is an option that
///         is not given. Needed are `api_key`, `token`, and `studio_url`, or else `account_id`, `project_id` and
///         one of `region` and `base_url`.
///     on_attempt: A function that is called with a dict after each attempt of each call, on the thread of the
///         call, before it returns. `ChatError.attempts` lists what is in it. What it raises goes to `sys.unraisablehook`.
///
/// Raises:
///     ConfigurationError: Something is missing or wrong; the text says what would be right.
///     TypeError: A keyword is not known, or its value of the wrong type.
///     ValueError: A duration is invalid.
///
/// Example:
///     >>> client = Client(
///     ...     studio_url="https://studio.uk.poly.ai/acme-uk/acme-team-4",
///     ...     api_key="the-key",
///     ...     token="the-connector-token",
///     ...     timeout=8.0,
///     ... )
///     >>> client
///     <Client of https://api.uk-1.platform.polyai.app>
///
/// Does not block. Since 0.1.0.
#[pyclass(frozen, module = "polyai_chat", weakref)]
pub(crate) struct Client {
    client: core::Client,
    settings: Vec<SettingDescription>,
}

impl Client {
    fn made(py: Python<'_>, config: Config, given: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let config = listeners::configured(py, config, given)?;
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

    /// Makes a client from the environment variables `POLYAI_...`, which the table of options names.
    ///
    /// Args:
    ///     options: As for `Client`; they beat the environment.
    ///
    /// Returns:
    ///     The client.
    ///
    /// Raises:
    ///     ConfigurationError: Something is missing or wrong; the text names the variable.
    ///     TypeError, ValueError: As for `Client`.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    #[classmethod]
    #[pyo3(signature = (**options))]
    fn from_env(class: &Bound<'_, PyType>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let py = class.py();
        let config = Config::from_environment().map_err(|error| to_python(py, &error))?;
        Self::made(py, config, options)
    }

    /// Makes a client from a profile, a table of a configuration file in TOML.
    ///
    /// Args:
    ///     profile: The name of the table. None is 'default'.
    ///     file: The file. None is ``$POLYAI_CONFIG_FILE``, else ``$XDG_CONFIG_HOME/polyai/config.toml``, else
    ///         ``~/.config/polyai/config.toml``.
    ///     options: As for `Client`; they beat the profile.
    ///
    /// Returns:
    ///     The client.
    ///
    /// Raises:
    ///     ConfigurationError: File or profile are missing, or something in them is wrong; the text names file and
    ///         line.
    ///     TypeError, ValueError: As for `Client`.
    ///
    /// Blocks while it reads the file. Any thread. Since 0.1.0.
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
    /// Args:
    ///     integration_attributes: What the agent may know about the customer: a mapping that can be written as JSON.
    ///     variant_id: The variant of the agent, for the whole conversation.
    ///     channel: The channel: 'webchat', 'whatsapp', 'sms', 'api', or a newer one.
    ///     asr_lang_code: The language of what the customer writes, such as 'en-US'.
    ///     tts_lang_code: The language of what the agent answers, such as 'en-US'.
    ///     user_id: Only in the legacy dialect: who the session belongs to, unique for each session. None makes one.
    ///     message: Only in the legacy dialect: what the customer says first; may be empty.
    ///     metadata: Only in the legacy dialect: what goes with the conversation, a mapping that can be written as
    ///         JSON.
    ///     timeout: The deadline of this call: seconds above 0 and at most 86400, or a timedelta. None is the client's
    ///         `timeout`.
    ///     correlation_id: An id by which the service's support finds the call, 1 to 200 printable ASCII characters
    ///         without spaces. None makes one.
    ///     extra: Fields that this library does not know, sent as they are.
    ///     headers: Headers that the call carries beside those of the library, such as `traceparent`.
    ///
    /// Returns:
    ///     The conversation, with the agent's greeting. As the context of a `with` block it is closed at the end.
    ///
    /// Raises:
    ///     ChatError: Any of its kinds. After one with the delivery 'unknown' a conversation may be open that nobody
    ///         can reach.
    ///     TypeError: An argument is of the wrong type. Nothing was sent.
    ///     ValueError: An argument cannot be sent (`InvalidArgumentError` is one, too). Nothing was sent.
    ///
    /// Example:
    ///     >>> with client.create(integration_attributes={"customer_name": "Sam"}) as conversation:
    ///     ...     print(conversation.greeting.response)
    ///     ...     print(conversation.respond("Where is my order?").response)
    ///     Hello Sam, this is the Acme returns and billing assistant. How can I help?
    ///     I can look that up. What is your order number?
    ///
    /// Blocks at most for the deadline, while other threads run; Ctrl-C ends it. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (**fields),
        text_signature = "($self, *, integration_attributes=None, variant_id=None, channel=None, asr_lang_code=None, \
            tts_lang_code=None, user_id=None, message=None, metadata=None, timeout=None, \
            correlation_id=None, extra=None, headers=None)"
    )]
    fn create(&self, py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Conversation> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let request = request::create(py, fields, Some(&interrupt))?;
        let conversation = call(py, &interrupt, || self.client.create(request))?;
        Ok(Conversation::new(self.client.clone(), conversation))
    }

    /// Starts to create a conversation and returns at once. The deadline begins now.
    ///
    /// Arguments and errors are those of `Client.create`; what goes wrong after the start, the result raises. The result
    /// is a `Conversation`.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (**fields),
        text_signature = "($self, *, integration_attributes=None, variant_id=None, channel=None, asr_lang_code=None, \
            tts_lang_code=None, user_id=None, message=None, metadata=None, timeout=None, \
            correlation_id=None, extra=None, headers=None)"
    )]
    fn start_create(&self, py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Turn> {
        let request = request::create(py, fields, None)?;
        Turn::start(py, &self.client, || self.client.start_create(request))
    }

    /// Goes on with a conversation that was created elsewhere, or earlier. Sends nothing.
    ///
    /// Args:
    ///     conversation_id: The id that `create` gave it, 1 to 1024 bytes.
    ///
    /// Returns:
    ///     The conversation, which has no greeting. An unknown id shows up as `NotFoundError` on the first turn.
    ///
    /// Raises:
    ///     InvalidArgumentError: That is no id.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn attach(&self, py: Python<'_>, conversation_id: &Bound<'_, PyAny>) -> PyResult<Conversation> {
        let id = text("conversation_id", conversation_id)?;
        let conversation = self
            .client
            .attach(id)
            .map_err(|error| to_python(py, &error))?;
        Ok(Conversation::new(self.client.clone(), conversation))
    }

    /// Says something in a conversation by its id alone. Keeps no order among turns and no state; `attach` gives both.
    ///
    /// Args:
    ///     conversation_id: The id that `create` gave it, 1 to 1024 bytes.
    ///     message: What the customer says. None is a turn without a message, which is not the same as an empty one.
    ///     fields: The other arguments are those of `Conversation.respond`.
    ///
    /// Returns:
    ///     The agent's reply.
    ///
    /// Raises:
    ///     ConversationEndedError: The service said that it is over.
    ///     ChatError: Any other of its kinds.
    ///     TypeError: An argument is of the wrong type. Nothing was sent.
    ///     ValueError: An argument cannot be sent (`InvalidArgumentError` is one, too). Nothing was sent.
    ///
    /// Blocks at most for the deadline, while other threads run; Ctrl-C ends it. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (conversation_id, message=None, **fields),
        text_signature = "($self, conversation_id, message=None, *, integration_attributes=None, metadata=None, \
            asr_lang_code=None, tts_lang_code=None, timeout=None, correlation_id=None, extra=None, headers=None)"
    )]
    fn respond(
        &self,
        py: Python<'_>,
        conversation_id: &Bound<'_, PyAny>,
        message: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Reply> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let conversation_id = text("conversation_id", conversation_id)?;
        let request = request::respond(py, message, fields, Some(&interrupt))?;
        let reply = call(py, &interrupt, || {
            self.client.respond(&conversation_id, request)
        })?;
        Ok(Reply::new(&reply))
    }

    /// Closes a conversation by its id alone. One that is over, or not there any more, counts as closed. A
    /// program that has the `Conversation` calls `Conversation.close`.
    ///
    /// Args:
    ///     conversation_id: The id that `create` gave it, 1 to 1024 bytes.
    ///     fields: The other arguments are those of `Conversation.close`.
    ///
    /// Returns:
    ///     What the service answered.
    ///
    /// Raises:
    ///     UnsupportedError: The legacy dialect has no close.
    ///     ChatError: Any other of its kinds. Closing again does no harm.
    ///     TypeError: An argument is of the wrong type. Nothing was sent.
    ///     ValueError: An argument cannot be sent (`InvalidArgumentError` is one, too). Nothing was sent.
    ///
    /// Blocks at most for the deadline, while other threads run; Ctrl-C ends it. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (conversation_id, **fields),
        text_signature = "($self, conversation_id, *, timeout=None, correlation_id=None, extra=None, headers=None)"
    )]
    fn close_conversation(
        &self,
        py: Python<'_>,
        conversation_id: &Bound<'_, PyAny>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Closed> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let conversation_id = text("conversation_id", conversation_id)?;
        let request = request::close(py, fields, Some(&interrupt))?;
        let closed = call(py, &interrupt, || {
            self.client.close_conversation(&conversation_id, request)
        })?;
        Ok(Closed::new(&closed))
    }

    /// Opens a connection ahead of the first turn, unless one is idle already. Sends no request.
    ///
    /// Args:
    ///     timeout: Seconds above 0 and at most 86400, or a timedelta.
    ///
    /// Raises:
    ///     ConnectError: No connection came about; it was tried once.
    ///     DeadlineExceededError: None came about in that time.
    ///     CallCancelledError: The client has been closed.
    ///     TypeError, ValueError: That is no time.
    ///
    /// Blocks at most for `timeout`, while other threads run; Ctrl-C ends it. Any thread. Since 0.1.0.
    fn warm_up(&self, py: Python<'_>, timeout: &Bound<'_, PyAny>) -> PyResult<()> {
        let timeout = duration("timeout", timeout)?;
        let started = self.client.start_warm_up(timeout);
        finish(py, started.map_err(|error| to_python(py, &error))?)
    }

    /// Starts a turn of a conversation by its id alone, and returns at once. Its deadline is that of now.
    ///
    /// Its fields are those of `Conversation.respond`, all else those of `Client.respond`; what goes wrong after the start, the
    /// result raises.
    /// Turns that are started so keep no order.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (conversation_id, message=None, **fields),
        text_signature = "($self, conversation_id, message=None, *, integration_attributes=None, metadata=None, \
            asr_lang_code=None, tts_lang_code=None, timeout=None, correlation_id=None, extra=None, headers=None)"
    )]
    fn start_respond(
        &self,
        py: Python<'_>,
        conversation_id: &Bound<'_, PyAny>,
        message: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Turn> {
        let conversation_id = text("conversation_id", conversation_id)?;
        let request = request::respond(py, message, fields, None)?;
        Turn::start(py, &self.client, || {
            self.client.start_respond(conversation_id, request)
        })
    }

    /// Starts to close a conversation by its id alone, and returns at once. Its deadline is that of now.
    ///
    /// Its fields are those of `Conversation.close`, all else those of `Client.close_conversation`; what goes wrong after the
    /// start, the result raises.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (conversation_id, **fields),
        text_signature = "($self, conversation_id, *, timeout=None, correlation_id=None, extra=None, headers=None)"
    )]
    fn start_close_conversation(
        &self,
        py: Python<'_>,
        conversation_id: &Bound<'_, PyAny>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Turn> {
        let conversation_id = text("conversation_id", conversation_id)?;
        let request = request::close(py, fields, None)?;
        Turn::start(py, &self.client, || {
            self.client
                .start_close_conversation(conversation_id, request)
        })
    }

    /// Starts to open a connection ahead of the first turn, as `Client.warm_up` does, and returns at once.
    ///
    /// Arguments and errors are those of `Client.warm_up`; what goes wrong after the start, the result raises, which
    /// else is None.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn start_warm_up(&self, py: Python<'_>, timeout: &Bound<'_, PyAny>) -> PyResult<Turn> {
        let timeout = duration("timeout", timeout)?;
        Turn::start(py, &self.client, || self.client.start_warm_up(timeout))
    }

    /// Closes the client: ends every call that is under way, closes idle connections, and has later calls fail. The end
    /// of a `with` block does the same. Closing it again does nothing. Sends nothing: close the conversations first. The
    /// calls raise `CallCancelledError` on their own threads, each with a truthful delivery.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.client.shut_down());
    }

    /// Closes the client as `close` does, and waits until no thread of it is left: for a host that unloads.
    ///
    /// Args:
    ///     timeout: How long to wait at most: seconds from 0 to 86400, or a timedelta. Other values raise TypeError or ValueError.
    ///
    /// Returns:
    ///     Whether none is left. A name server that does not answer can keep one.
    ///
    /// Blocks at most for so long, while other threads run; Ctrl-C does not end it. Any thread, but no listener of the
    /// client. Since 0.1.0.
    fn close_and_wait(&self, py: Python<'_>, timeout: &Bound<'_, PyAny>) -> PyResult<bool> {
        let at_most = patience("timeout", timeout)?;
        Ok(py.detach(|| self.client.shut_down_and_wait(at_most)))
    }

    /// Replaces key and token, as a pair, while calls run. A call that is under way keeps those that it began with.
    ///
    /// Args:
    ///     api_key: The new API key.
    ///     token: The new connector token.
    ///
    /// Raises:
    ///     InvalidArgumentError: One of them cannot be sent, for instance because it holds a line break. Nothing was
    ///         replaced.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn replace_credentials(
        &self,
        py: Python<'_>,
        api_key: &Bound<'_, PyAny>,
        token: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (api_key, token) = (text("api_key", api_key)?, text("token", token)?);
        let outcome = self.client.replace_credentials(api_key, token);
        outcome.map_err(|error| to_python(py, &error))
    }

    /// Where the service is, as it was configured.
    #[getter]
    fn base_url(&self) -> &str {
        self.client.base_url()
    }

    /// The proxy between this client and the service, without user name and password; None where the connection is
    /// direct.
    #[getter]
    fn proxy(&self) -> Option<String> {
        self.client.proxy()
    }

    /// The dialect of the service that the client speaks: 'current' or 'legacy'.
    #[getter]
    fn dialect(&self) -> &'static str {
        self.client.dialect().name()
    }

    /// Tells what each option was set to when the client was made.
    ///
    /// Returns:
    ///     A dict for each option, in the order of `polyai_chat.OPTIONS`, with `name` (in the environment's manner,
    ///     with times in milliseconds), `value` (a str, 'set' for secrets, None where there is none) and `origin`.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let settings = self.settings.iter().map(SettingDescription::to_json);
        parsed(py, &settings.collect::<Value>().to_string())
    }

    /// Gives the client's counters since it was made, or since the fork.
    ///
    /// Returns:
    ///     A new dict with `create`, `respond`, `close`, `attempts`, `retries`, `retries_left`, `calls_in_flight`,
    ///     `opened_connections`, `reused_connections`, `idle_connections`, `bytes_sent`, `bytes_received` and `breaker`
    ///     ('closed', 'open' or 'probing'). The first three are dicts as in `OperationMetrics`: the calls, the failures
    ///     by kind, and the latencies.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        parsed(py, &self.client.metrics().to_json().to_string())
    }

    /// Gives the last attempts of all calls, as many as the option `recent_attempts` says.
    ///
    /// Args:
    ///     after: Only those whose `serial` is larger are given, for polling. 0 gives all.
    ///
    /// Returns:
    ///     A new list, oldest first, of dicts as in `ChatError.attempts`.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    #[pyo3(signature = (after=0))]
    fn recent_attempts<'py>(&self, py: Python<'py>, after: u64) -> PyResult<Bound<'py, PyAny>> {
        let recent = self.client.recent_attempts(after);
        let attempts: Value = recent.iter().map(Attempt::to_json).collect();
        parsed(py, &attempts.to_string())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// As `close`.
    fn __exit__(
        &self,
        py: Python<'_>,
        _exception_type: &Bound<'_, PyAny>,
        _exception: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) {
        self.close(py);
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
