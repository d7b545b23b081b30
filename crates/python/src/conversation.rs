//! The conversation.

use crate::interrupt::{Interrupt, call};
use crate::reply::{Closed, Greeting, Reply};
use crate::request;
use crate::turn::Turn;
use polyai_chat_core as core;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// One conversation with the agent, made by `Client.create` or `Client.attach`.
///
/// Any number of threads may use it: turns are sent one at a time, in the order of the calls.
///
/// A `with` block closes it at the end, also on an exception, unless it is over or the dialect has no close. That
/// takes `close_timeout` at most. Where closing fails, the block raises that, but never in place of an exception of
/// its own. Dropping the object sends nothing.
///
/// Example:
///     >>> with client.create() as conversation:
///     ...     conversation.respond("Goodbye").end_conversation
///     True
///     >>> conversation.state
///     'ended'
///
/// Since 0.1.0.
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
    /// The id that the service gave it. Another process goes on with it by `Client.attach`.
    #[getter]
    fn id(&self) -> &str {
        self.conversation.id()
    }

    /// What the agent said first. Empty for a conversation that was attached to: what was said there is not known.
    #[getter]
    fn greeting(&self) -> Greeting {
        Greeting::new(self.conversation.greeting())
    }

    /// What is known about it now: 'open', 'in_doubt' (a turn was lost that the agent may have heard), 'ended' (by the
    /// service) or 'closed'.
    #[getter]
    fn state(&self) -> &'static str {
        self.conversation.state().name()
    }

    /// Whether it is over, by the service's word or by being closed. Turns are then refused without a request.
    #[getter]
    fn ended(&self) -> bool {
        self.conversation.is_over()
    }

    /// Says something, and returns the agent's reply.
    ///
    /// Args:
    ///     message: What the customer says. None is a turn without a message, which is not the same as an empty one.
    ///     integration_attributes: What the agent may know about the customer from this turn on: a mapping that can be
    ///         written as JSON.
    ///     metadata: What goes with this message: a mapping that can be written as JSON.
    ///     asr_lang_code: The language of this message, such as 'en-US'.
    ///     tts_lang_code: The language of the answer, such as 'en-US'.
    ///     timeout: The deadline of this call: seconds above 0 and at most 86400, or a timedelta. None is the client's
    ///         `timeout`.
    ///     correlation_id: An id by which the service's support finds the call, 1 to 200 printable ASCII characters
    ///         without spaces. None makes one.
    ///     extra: Fields that this library does not know, sent as they are.
    ///     headers: Headers that the call carries beside those of the library, such as `traceparent`.
    ///
    /// Returns:
    ///     The agent's reply.
    ///
    /// Raises:
    ///     ConversationEndedError: It is over. If that was known already, nothing was sent.
    ///     BusyError: The deadline passed while an earlier turn was under way. Nothing was sent.
    ///     ChatError: Any other of its kinds; `ChatError.may_resend` tells whether the turn may be said again.
    ///     TypeError: An argument is of the wrong type. Nothing was sent.
    ///     ValueError: An argument cannot be sent (`InvalidArgumentError` is one, too). Nothing was sent.
    ///
    /// Example:
    ///     >>> reply = conversation.respond("Can I speak to a human?")
    ///     >>> reply.response
    ///     'Of course. I am putting you through to a colleague now.'
    ///     >>> reply.handoff
    ///     Handoff(destination='returns-desk', reason='customer_request')
    ///
    /// Blocks at most for the deadline, while other threads run; Ctrl-C ends it. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (message=None, **fields),
        text_signature = "($self, message=None, *, integration_attributes=None, metadata=None, asr_lang_code=None, \
            tts_lang_code=None, timeout=None, correlation_id=None, extra=None, headers=None)"
    )]
    fn respond(
        &self,
        py: Python<'_>,
        message: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Reply> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let request = request::respond(py, message, fields, Some(&interrupt))?;
        let reply = call(py, &interrupt, || self.conversation.respond(request))?;
        Ok(Reply::new(&reply))
    }

    /// Starts a turn and returns at once. It is queued now, and its deadline starts now.
    ///
    /// Arguments and errors are those of `Conversation.respond`; what goes wrong after the start, the result raises. The
    /// result is a `Reply`.
    ///
    /// Example:
    ///     >>> turn = conversation.start("Where is my order?")
    ///     >>> if not turn.wait(10):
    ///     ...     print("One moment, please.")
    ///     >>> turn.result().response
    ///     'I can look that up. What is your order number?'
    ///
    /// Does not block. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (message=None, **fields),
        text_signature = "($self, message=None, *, integration_attributes=None, metadata=None, asr_lang_code=None, \
            tts_lang_code=None, timeout=None, correlation_id=None, extra=None, headers=None)"
    )]
    fn start(
        &self,
        py: Python<'_>,
        message: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Turn> {
        let request = request::respond(py, message, fields, None)?;
        Turn::start(py, &self.client, || {
            self.conversation.start_respond(request)
        })
    }

    /// Closes it, after the turns that are under way.
    ///
    /// It is sent once, also when the service has said that it is over; later calls return the first answer.
    ///
    /// Args:
    ///     timeout: The deadline of this call: seconds above 0 and at most 86400, or a timedelta. None is the client's
    ///         `close_timeout`.
    ///     correlation_id: An id by which the service's support finds the call, 1 to 200 printable ASCII characters
    ///         without spaces. None makes one.
    ///     extra: Fields that this library does not know, sent as they are.
    ///     headers: Headers that the call carries beside those of the library, such as `traceparent`.
    ///
    /// Returns:
    ///     What the service answered.
    ///
    /// Raises:
    ///     UnsupportedError: The legacy dialect has no close.
    ///     BusyError: The deadline passed while an earlier turn was under way. Nothing was sent.
    ///     ChatError: Any other of its kinds. Closing again does no harm.
    ///     TypeError: An argument is of the wrong type. Nothing was sent.
    ///     ValueError: An argument cannot be sent (`InvalidArgumentError` is one, too). Nothing was sent.
    ///
    /// Blocks at most for the deadline, while other threads run; Ctrl-C ends it. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (**fields),
        text_signature = "($self, *, timeout=None, correlation_id=None, extra=None, headers=None)"
    )]
    fn close(&self, py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Closed> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let request = request::close(py, fields, Some(&interrupt))?;
        let closed = call(py, &interrupt, || self.conversation.close_with(request))?;
        Ok(Closed::new(&closed))
    }

    /// Starts to close it and returns at once.
    ///
    /// Arguments and errors are those of `Conversation.close`; what goes wrong after the start, the result raises. The
    /// result is a `Closed`.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    #[pyo3(
        signature = (**fields),
        text_signature = "($self, *, timeout=None, correlation_id=None, extra=None, headers=None)"
    )]
    fn start_close(&self, py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Turn> {
        let request = request::close(py, fields, None)?;
        Turn::start(py, &self.client, || self.conversation.start_close(request))
    }

    /// Starts to close it if that is still of use, as `Conversation.close_if_open` does, and returns at once.
    ///
    /// Returns:
    ///     A turn whose result is a `Closed`, or None where nothing was sent.
    ///
    /// Raises:
    ///     CallCancelledError: The client is closed.
    ///     UnavailableError: No thread can be had.
    ///
    /// Does not block. Any thread. Since 0.1.0.
    fn start_close_if_open(&self, py: Python<'_>) -> PyResult<Turn> {
        Turn::start(py, &self.client, || self.conversation.start_close_if_open())
    }

    /// Closes it if that is still of use, as the end of a `with` block does: sends nothing when it is over, nor in a dialect
    /// that has no close.
    ///
    /// Returns:
    ///     What the service answered; None where nothing was sent.
    ///
    /// Raises:
    ///     BusyError: The deadline passed while an earlier turn was under way. Nothing was sent.
    ///     ChatError: Any other of its kinds. Closing again does no harm.
    ///
    /// Blocks at most for the client's `close_timeout`, while other threads run; Ctrl-C ends it. Any thread. Since 0.1.0.
    fn close_if_open(&self, py: Python<'_>) -> PyResult<Option<Closed>> {
        let interrupt = Interrupt::of_this_thread(py)?;
        let request = request::close(py, None, Some(&interrupt))?;
        let close = || self.conversation.close_if_open_with(request);
        let closed = call(py, &interrupt, close)?;
        Ok(closed.as_ref().map(Closed::new))
    }

    /// Whether the end of a `with` block would send a close: not when it is over, nor in a dialect that has none.
    #[getter]
    fn closes_at_end_of_scope(&self) -> bool {
        !self.conversation.is_over() && self.client.dialect() != core::Dialect::Legacy
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Closes it if that is still of use. What goes wrong then is raised only where the block raised nothing.
    fn __exit__(
        &self,
        py: Python<'_>,
        exception_type: &Bound<'_, PyAny>,
        _exception: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let has_raised = !exception_type.is_none();
        match self.close_if_open(py) {
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
        Err(PyTypeError::new_err(
            "a Conversation cannot be pickled, because it belongs to a client and its keys: pickle its id, and use \
             client.attach(id) on the other side",
        ))
    }
}

fn is_chat_error(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    let class = py.import("polyai_chat._errors")?.getattr("ChatError")?;
    Ok(error.is_instance(py, &class))
}
