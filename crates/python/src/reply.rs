//! What the service answered, as values: they compare, match, copy and pickle.

use crate::arguments::{parsed, text};
use crate::calling::call;
use crate::handoff::{Handoff, hash_of, shortened};
use polyai_chat_core as core;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyTuple, PyType};

/// Gives Markdown as plain text, for what shows or speaks words as they are: an SMS, an e-mail, a voice.
///
/// Marks of headings, emphasis, code and quotes go, their words stay. A link becomes ``words (address)``, or its words alone
/// where they say the address; an image becomes its alternative text. Lists keep ``-`` or their numbers, and are indented in
/// each other. A row of a table becomes a line, each cell behind the name of its column. HTML tags go, entities are decoded,
/// line breaks stay, and an empty line is between blocks. What only looks like Markdown stays: ``5*3*2``, ``snake_case``,
/// ``a < b``, ``<your name>``. Control characters but line breaks and tabs go. A text of more than 256 KiB stays as it is, but
/// for those.
///
/// Args:
///     markdown: The text, such as the response of a reply that was kept.
///
/// Returns:
///     The plain text.
///
/// Raises:
///     InvalidArgumentError: The text holds half a surrogate pair.
///
/// Does not block. Any thread. Since 0.1.0.
///
/// Example:
///     >>> plain_text("**Good news!** See [our page](https://acme.example).")
///     'Good news! See our page (https://acme.example).'
#[pyfunction]
pub(crate) fn plain_text(markdown: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(core::plain_text(&text("markdown", markdown)?))
}

/// What every answer has beside its own fields.
#[derive(Clone, PartialEq)]
struct Answer {
    raw_json: String,
    /// All headers, a line for each, in one piece: they are rarely asked for.
    head: Vec<u8>,
    correlation_id: String,
    elapsed: f64,
}

macro_rules! answer_of {
    ($reply:ident) => {
        Answer {
            raw_json: $reply.raw().to_owned(),
            head: head_of($reply.headers()),
            correlation_id: $reply.correlation_id().to_owned(),
            elapsed: $reply.elapsed().as_secs_f64(),
        }
    };
}

/// Lines of `name:value`: no name has a colon in it, and no value the end of a line.
fn head_of<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut head = Vec::with_capacity(512);
    for (name, value) in headers {
        for part in [name.as_bytes(), b":", value, b"\n"] {
            head.extend_from_slice(part);
        }
    }
    head
}

/// The parts of an answer as they are pickled.
type AnswerParts<'py> = (String, Bound<'py, PyBytes>, String, f64);

impl Answer {
    fn parts<'py>(&self, py: Python<'py>) -> AnswerParts<'py> {
        (
            self.raw_json.clone(),
            PyBytes::new(py, &self.head),
            self.correlation_id.clone(),
            self.elapsed,
        )
    }

    fn from_parts((raw_json, head, correlation_id, elapsed): AnswerParts<'_>) -> Self {
        Self {
            raw_json,
            head: head.as_bytes().to_vec(),
            correlation_id,
            elapsed,
        }
    }

    fn python_headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let class = CLASS.get_or_try_init(py, || {
            let module = py.import("polyai_chat._headers")?;
            module.getattr("Headers").map(Bound::unbind)
        })?;
        let headers: Vec<(&str, Bound<'_, PyBytes>)> = self
            .head
            .split(|byte| *byte == b'\n')
            .filter_map(|line| {
                let colon = line.iter().position(|byte| *byte == b':')?;
                let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
                Some((std::str::from_utf8(name).ok()?, PyBytes::new(py, value)))
            })
            .collect();
        call(class.bind(py), (headers,))
    }
}

/// A class of answers: methods of its own, and what all of them can be asked.
macro_rules! answer_class {
    ($class:ident { $($methods:tt)* }) => {
        #[pymethods]
        impl $class {
            $($methods)*

            /// The answer as it came, parsed from its JSON: a new dict with each access.
            #[getter]
            fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                parsed(py, &self.answer.raw_json)
            }

            /// The answer as it came, as text.
            #[getter]
            fn raw_json(&self) -> &str {
                &self.answer.raw_json
            }

            /// The fields that this library has no name for, as they came: a new dict with each access.
            #[getter]
            fn unknown_fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                let fields = parsed(py, &self.answer.raw_json)?;
                for name in core::$class::FIELDS {
                    fields.call_method1("pop", (*name, py.None()))?;
                }
                Ok(fields)
            }

            /// Gives the answer as a dict, for `json.dumps` and for queues.
            ///
            /// Returns:
            ///     A new dict of what the properties hold, by their names, without `raw`, `raw_json`, `headers` and
            ///     `plain_text`. A handoff is the dict that `Handoff.to_dict` gives, or None.
            ///
            /// Does not block. Any thread. Since 0.1.0.
            fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
                let dict = self.own_fields(py)?;
                dict.set_item("unknown_fields", self.unknown_fields(py)?)?;
                dict.set_item("correlation_id", &self.answer.correlation_id)?;
                dict.set_item("elapsed", self.answer.elapsed)?;
                Ok(dict)
            }

            /// The headers of the response: a mapping whose names have no case.
            #[getter]
            fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                self.answer.python_headers(py)
            }

            /// The id that the service's support asks for.
            #[getter]
            fn correlation_id(&self) -> &str {
                &self.answer.correlation_id
            }

            /// How long the call took, in seconds, with everything it waited for.
            #[getter]
            fn elapsed(&self) -> f64 {
                self.answer.elapsed
            }

            fn __reduce__<'py>(
                slf: &Bound<'py, Self>,
            ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
                let restore = slf.get_type().getattr("_restore")?;
                Ok((restore, slf.get().state(slf.py())?))
            }
        }
    };
}

/// What the agent said first.
///
/// A value: it never changes, compares, hashes, copies and pickles. It matches as
/// ``Greeting(response, conversation_id)``. Any thread may use it. Since 0.1.0.
#[pyclass(frozen, module = "polyai_chat", eq)]
#[derive(Clone, PartialEq)]
pub(crate) struct Greeting {
    /// The agent's words.
    #[pyo3(get)]
    response: String,
    /// The id of the new conversation.
    #[pyo3(get)]
    conversation_id: String,
    /// The user id that was sent, in the legacy dialect.
    #[pyo3(get)]
    user_id: Option<String>,
    answer: Answer,
}

impl Greeting {
    pub(crate) fn new(greeting: &core::Greeting) -> Self {
        Self {
            response: greeting.response().to_owned(),
            conversation_id: greeting.conversation_id().to_owned(),
            user_id: greeting.user_id().map(str::to_owned),
            answer: answer_of!(greeting),
        }
    }

    fn own_fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("response", &self.response)?;
        dict.set_item("conversation_id", &self.conversation_id)?;
        dict.set_item("user_id", &self.user_id)?;
        Ok(dict)
    }

    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (
            &self.response,
            &self.conversation_id,
            &self.user_id,
            self.answer.parts(py),
        )
            .into_pyobject(py)
    }
}

answer_class! {
    Greeting {
        #[classattr]
        fn __match_args__() -> (&'static str, &'static str) {
            ("response", "conversation_id")
        }

        /// The agent's words without Markdown, for an SMS, an e-mail, a voice, as `plain_text` makes them: anew with each
        /// access.
        #[getter]
        fn plain_text(&self) -> String {
            core::plain_text(&self.response)
        }

        #[classmethod]
        fn _restore(
            _class: &Bound<'_, PyType>,
            response: String,
            conversation_id: String,
            user_id: Option<String>,
            answer: AnswerParts<'_>,
        ) -> Self {
            Self {
                response,
                conversation_id,
                user_id,
                answer: Answer::from_parts(answer),
            }
        }

        fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
            let response = shortened(py, &self.response)?;
            let id = shortened(py, &self.conversation_id)?;
            Ok(format!("Greeting(response={response}, conversation_id={id})"))
        }

        fn __hash__(&self) -> u64 {
            hash_of(&[&self.response, &self.answer.correlation_id])
        }
    }
}

/// The agent's reply to one turn.
///
/// A value: it never changes, compares, hashes, copies and pickles. It matches as
/// ``Reply(response, end_conversation, handoff)``. Any thread may use it. Since 0.1.0.
///
/// Example:
///     >>> reply = conversation.respond("Goodbye")
///     >>> reply
///     Reply(response='Thank you for talking to Acme, and take care. Goodbye!', end_conversation=True)
///     >>> reply.raw["end_conversation"]
///     True
#[pyclass(frozen, module = "polyai_chat", eq)]
#[derive(Clone, PartialEq)]
pub(crate) struct Reply {
    /// The agent's words.
    #[pyo3(get)]
    response: String,
    /// Whether the conversation is over.
    #[pyo3(get)]
    end_conversation: bool,
    /// The conversation it belongs to.
    #[pyo3(get)]
    conversation_id: String,
    handoff: Option<Handoff>,
    answer: Answer,
}

impl Reply {
    pub(crate) fn new(reply: &core::Reply) -> Self {
        Self {
            response: reply.response().to_owned(),
            end_conversation: reply.end_conversation(),
            conversation_id: reply.conversation_id().to_owned(),
            handoff: reply.handoff().map(Handoff::new),
            answer: answer_of!(reply),
        }
    }

    fn own_fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let handoff = self.handoff.as_ref().map(|handoff| handoff.to_dict(py));
        let handoff = handoff.transpose()?;
        let dict = PyDict::new(py);
        dict.set_item("response", &self.response)?;
        dict.set_item("end_conversation", self.end_conversation)?;
        dict.set_item("conversation_id", &self.conversation_id)?;
        dict.set_item("handoff", handoff)?;
        Ok(dict)
    }

    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (
            &self.response,
            self.end_conversation,
            &self.conversation_id,
            self.handoff.clone(),
            self.answer.parts(py),
        )
            .into_pyobject(py)
    }
}

answer_class! {
    Reply {
        #[classattr]
        fn __match_args__() -> (&'static str, &'static str, &'static str) {
            ("response", "end_conversation", "handoff")
        }

        /// Where the agent wants the customer to go on; None where it does not. It ends the conversation only together with
        /// `end_conversation`.
        #[getter]
        fn handoff(&self) -> Option<Handoff> {
            self.handoff.clone()
        }

        /// The agent's words without Markdown, for an SMS, an e-mail, a voice, as `plain_text` makes them: anew with each
        /// access.
        #[getter]
        fn plain_text(&self) -> String {
            core::plain_text(&self.response)
        }

        #[classmethod]
        fn _restore(
            _class: &Bound<'_, PyType>,
            response: String,
            end_conversation: bool,
            conversation_id: String,
            handoff: Option<PyRef<'_, Handoff>>,
            answer: AnswerParts<'_>,
        ) -> Self {
            Self {
                response,
                end_conversation,
                conversation_id,
                handoff: handoff.map(|handoff| handoff.clone()),
                answer: Answer::from_parts(answer),
            }
        }

        fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
            let mut text = format!("Reply(response={}", shortened(py, &self.response)?);
            if self.end_conversation {
                text.push_str(", end_conversation=True");
            }
            if let Some(handoff) = &self.handoff {
                text.push_str(", handoff=");
                text.push_str(&handoff.__repr__(py)?);
            }
            text.push(')');
            Ok(text)
        }

        fn __hash__(&self) -> u64 {
            hash_of(&[&self.response, &self.answer.correlation_id])
        }
    }
}

/// The conversation is closed.
///
/// A value: it never changes, compares, hashes, copies and pickles. It matches as ``Closed(was_over)``. Any thread
/// may use it. Since 0.1.0.
#[pyclass(frozen, module = "polyai_chat", eq)]
#[derive(Clone, PartialEq)]
pub(crate) struct Closed {
    /// Whether the service said that the conversation was over already, or is not there any more.
    #[pyo3(get)]
    was_over: bool,
    answer: Answer,
}

impl Closed {
    pub(crate) fn new(closed: &core::Closed) -> Self {
        Self {
            was_over: closed.was_over(),
            answer: answer_of!(closed),
        }
    }

    fn own_fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("was_over", self.was_over)?;
        Ok(dict)
    }

    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (self.was_over, self.answer.parts(py)).into_pyobject(py)
    }
}

answer_class! {
    Closed {
        #[classattr]
        fn __match_args__() -> (&'static str,) {
            ("was_over",)
        }

        #[classmethod]
        fn _restore(_class: &Bound<'_, PyType>, was_over: bool, answer: AnswerParts<'_>) -> Self {
            Self {
                was_over,
                answer: Answer::from_parts(answer),
            }
        }

        fn __repr__(&self) -> String {
            let was_over = if self.was_over { "True" } else { "False" };
            format!("Closed(was_over={was_over})")
        }

        fn __hash__(&self) -> u64 {
            hash_of(&[&self.answer.correlation_id])
        }
    }
}
