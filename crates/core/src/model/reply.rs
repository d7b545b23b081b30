//! What the service answered: typed fields, and everything else it said.

use super::headers::Headers;
use super::json::{Object, value_of};
use super::plain_text::plain_text;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// The correlation id's header.
pub(crate) const CORRELATION_HEADER: &str = "X-PolyAI-Correlation-Id";

/// What every answer has beside its own fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) raw: String,
    pub(crate) headers: Headers,
    pub(crate) correlation_id: Arc<str>,
    pub(crate) elapsed: Duration,
}

impl Answer {
    fn unknown_fields(&self, known: &[&str]) -> Map<String, Value> {
        let unknown = Object::read_without(known, &self.raw).unwrap_or_default();
        unknown
            .into_fields()
            .map(|(name, raw)| (name, value_of(&raw)))
            .collect()
    }
}

/// What all kinds of answers can be asked.
macro_rules! answer_methods {
    ($reply:ident, $known:expr) => {
        impl $reply {
            /// The names of the fields that this library knows. Since 0.1.0.
            pub const FIELDS: &[&str] = $known;

            /// The JSON as it was received.
            #[must_use]
            pub fn raw(&self) -> &str {
                &self.answer.raw
            }

            /// The fields that this library has no name for, as they came.
            #[must_use]
            pub fn unknown_fields(&self) -> Map<String, Value> {
                self.answer.unknown_fields(Self::FIELDS)
            }

            /// A header of the response, by its name in any case; `None` where it is missing or not text.
            #[must_use]
            pub fn header(&self, name: &str) -> Option<&str> {
                self.answer.headers.text(name)
            }

            /// The headers of the response, names in lower case, values as they came.
            pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
                self.answer.headers.iter()
            }

            /// The id that the service's support asks for.
            #[must_use]
            pub fn correlation_id(&self) -> &str {
                &self.answer.correlation_id
            }

            /// How long the call took, with everything it waited for.
            #[must_use]
            pub fn elapsed(&self) -> Duration {
                self.answer.elapsed
            }
        }
    };
}

/// What the agent said first. Since 0.1.0.
#[derive(Debug, Clone)]
pub struct Greeting {
    pub(crate) conversation_id: Arc<str>,
    pub(crate) response: String,
    pub(crate) user_id: Option<String>,
    pub(crate) answer: Answer,
}

answer_methods!(Greeting, &["conversation_id", "response"]);

impl Greeting {
    /// That of a conversation whose beginning is not known.
    pub(crate) fn none(conversation_id: Arc<str>) -> Self {
        Self {
            conversation_id,
            response: String::new(),
            user_id: None,
            answer: Answer {
                raw: "{}".to_owned(),
                ..Answer::default()
            },
        }
    }

    /// The id of the new conversation.
    #[must_use]
    pub fn conversation_id(&self) -> &str {
        &self.conversation_id
    }

    /// The agent's words.
    #[must_use]
    pub fn response(&self) -> &str {
        &self.response
    }

    /// The agent's words without Markdown, for an SMS, an e-mail, a voice, as [`plain_text`](crate::plain_text) makes them: anew with each
    /// call. Since 0.1.0.
    #[must_use]
    pub fn plain_text(&self) -> String {
        plain_text(&self.response)
    }

    /// The user id that was sent, in the `legacy` dialect.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }
}

/// The agent's reply to one turn. Since 0.1.0.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) conversation_id: Arc<str>,
    pub(crate) response: String,
    pub(crate) end_conversation: bool,
    pub(crate) handoff: Option<Handoff>,
    pub(crate) answer: Answer,
}

answer_methods!(
    Reply,
    &["conversation_id", "response", "end_conversation", "handoff"]
);

impl Reply {
    /// The conversation it belongs to.
    #[must_use]
    pub fn conversation_id(&self) -> &str {
        &self.conversation_id
    }

    /// The agent's words.
    #[must_use]
    pub fn response(&self) -> &str {
        &self.response
    }

    /// The agent's words without Markdown, for an SMS, an e-mail, a voice, as [`plain_text`](crate::plain_text) makes them: anew with each
    /// call. Since 0.1.0.
    #[must_use]
    pub fn plain_text(&self) -> String {
        plain_text(&self.response)
    }

    /// Whether the conversation is over.
    #[must_use]
    pub fn end_conversation(&self) -> bool {
        self.end_conversation
    }

    /// Where the agent wants the customer to go on, if it does. It ends the conversation only together with
    /// [`end_conversation`](Self::end_conversation).
    #[must_use]
    pub fn handoff(&self) -> Option<&Handoff> {
        self.handoff.as_ref()
    }
}

/// The agent hands the customer on, to a queue or a person. Since 0.1.0.
#[derive(Debug, Clone, PartialEq)]
pub struct Handoff {
    destination: Option<String>,
    reason: Option<String>,
    raw: Value,
}

impl Handoff {
    pub(crate) fn new(destination: Option<String>, reason: Option<String>, raw: Value) -> Self {
        Self {
            destination,
            reason,
            raw,
        }
    }

    /// Where to, if the service says it as text.
    #[must_use]
    pub fn destination(&self) -> Option<&str> {
        self.destination.as_deref()
    }

    /// Why, if the service says it as text.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The handoff as it came, whatever its shape: contact-centre products have fields of their own in it.
    #[must_use]
    pub fn raw(&self) -> &Value {
        &self.raw
    }
}

/// The conversation is closed. Since 0.1.0.
#[derive(Debug, Clone)]
pub struct Closed {
    pub(crate) was_over: bool,
    pub(crate) answer: Answer,
}

answer_methods!(Closed, &["success"]);

impl Closed {
    /// Whether the service said that the conversation was over already, or is not there any more.
    #[must_use]
    pub fn was_over(&self) -> bool {
        self.was_over
    }
}
