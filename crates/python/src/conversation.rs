//! The conversation.

use crate::error::to_python;
use crate::interrupt::{Interrupt, call};
use crate::reply::{Closed, Greeting, Reply};
use crate::request;
use crate::turn::Turn;
use polyai_chat_core as core;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// One conversation with the agent.
///
/// Any number of threads may use it: turns are sent one at a time, in the order of the calls. As a context manager it closes
/// the conversation at the end of the block, also on exceptions, within the deadline of a close. Since 0.1.0.
#[pyclass(frozen, module = "polyai_chat", weakref)]
pub(crate) struct Conversation {
    client: core::Client,
    conversation: core::Conversation,
}

impl Conversation {
    pub(crate) fn new(client: core::Client, conversation: core::Conversation) -> Self {
        Self {
            client,
            conversation,
        }
    }
}

#[pymethods]
impl Conversation {
    /// The id that the service gave it.
    #[getter]
    fn id(&self) -> &str {
        self.conversation.id()
    }

    /// What the agent said first; None for a conversation that was attached to.
    #[getter]
    fn greeting(&self) -> Option<Greeting> {
        self.conversation.greeting().map(Greeting::new)
    }

    /// What is known about it now: 'open', 'in_doubt', 'ended' or 'closed'.
    #[getter]
    fn state(&self) -> &'static str {
        self.conversation.state().name()
    }

    /// Whether it is over, by the service's word or by being closed.
    #[getter]
    fn ended(&self) -> bool {
        self.conversation.is_over()
    }

    /// One turn: says `message`, and returns the agent's reply. None is a turn without a message, which is not the same as an
    /// empty one.
    ///
    /// Keywords: `timeout` (seconds or timedelta; None is the client's), `integration_attributes`, `metadata`,
    /// `asr_lang_code`, `tts_lang_code`, `correlation_id`, `extra`.
    ///
    /// Raises ConversationEndedError without a request when it is over, BusyError when the deadline passes while an earlier turn
    /// is under way, else any ChatError. Blocks, without the interpreter lock, at most for the deadline; Ctrl-C ends it. Any
    /// thread. Since 0.1.0.
    #[pyo3(
        signature = (message=None, **fields),
        text_signature = "($self, message=None, *, integration_attributes=None, metadata=None, asr_lang_code=None, \
            tts_lang_code=None, timeout=None, correlation_id=None, extra=None)"
    )]
    fn respond(
        &self,
        py: Python<'_>,
        message: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Reply> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let request = request::respond(message, fields, Some(&interrupt))?;
        let reply = call(py, &interrupt, || self.conversation.respond(request))?;
        Ok(Reply::new(&reply))
    }

    /// Starts a turn and returns at once. Its place among the turns, and its deadline, are those of now. Arguments as
    /// `respond`. Does not block. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (message=None, **fields),
        text_signature = "($self, message=None, *, integration_attributes=None, metadata=None, asr_lang_code=None, \
            tts_lang_code=None, timeout=None, correlation_id=None, extra=None)"
    )]
    fn start(
        &self,
        py: Python<'_>,
        message: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Turn> {
        let request = request::respond(message, fields, None)?;
        let started = py.detach(|| self.conversation.start_respond(request));
        let started = started.map_err(|error| to_python(py, &error))?;
        Ok(Turn::of_respond(self.client.clone(), started))
    }

    /// Closes it. Sent once, also when the service has said that it is over; later calls return the first answer. Waits for
    /// earlier turns.
    ///
    /// Keywords: `timeout`, `correlation_id`, `extra`. Raises UnsupportedError in the legacy dialect, which has no close;
    /// else any ChatError. Blocks, without the interpreter lock, at most for the deadline of a close. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (**fields),
        text_signature = "($self, *, timeout=None, correlation_id=None, extra=None)"
    )]
    fn close(&self, py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Closed> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let request = request::close(fields, Some(&interrupt))?;
        let closed = call(py, &interrupt, || self.conversation.close_with(request))?;
        Ok(Closed::new(&closed))
    }

    /// Starts to close it and returns at once, as `start` does. Since 0.1.0.
    #[pyo3(
        signature = (**fields),
        text_signature = "($self, *, timeout=None, correlation_id=None, extra=None)"
    )]
    fn start_close(&self, py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Turn> {
        let request = request::close(fields, None)?;
        let started = py.detach(|| self.conversation.start_close(request));
        let started = started.map_err(|error| to_python(py, &error))?;
        Ok(Turn::of_close(self.client.clone(), started))
    }

    /// Whether the end of a `with` block would send a close: not when it is over, nor in a dialect that has none.
    #[getter]
    fn closes_at_end_of_scope(&self) -> bool {
        !self.conversation.is_over() && self.client.dialect() != core::Dialect::Legacy
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Closes it if that is still of use. What goes wrong then is logged, and raised only where the block raised nothing.
    fn __exit__(
        &self,
        py: Python<'_>,
        exception_type: &Bound<'_, PyAny>,
        _exception: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        if !self.closes_at_end_of_scope() {
            return Ok(false);
        }
        let has_raised = !exception_type.is_none();
        match self.close(py, None) {
            Err(error) if !has_raised || !is_chat_error(py, &error)? => Err(error),
            Ok(_) | Err(_) => Ok(false),
        }
    }

    fn __repr__(&self) -> String {
        format!(
            "<Conversation {:?}, {}>",
            self.conversation.id(),
            self.conversation.state().name()
        )
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(pyo3::exceptions::PyTypeError::new_err(
            "a Conversation cannot be pickled, because it belongs to a client and its keys: pickle its id, and use \
             client.attach(id) on the other side",
        ))
    }
}

fn is_chat_error(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    let class = py.import("polyai_chat._errors")?.getattr("ChatError")?;
    Ok(error.is_instance(py, &class))
}
