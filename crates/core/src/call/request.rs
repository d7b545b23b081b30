//! What a caller asks for: create, respond, close, each with what the call itself may carry.

use super::call::CallOptions;
use super::cancel::CancelToken;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// What every request can be told about its own call.
macro_rules! call_options {
    ($request:ident) => {
        impl $request {
            /// The deadline of this call, instead of the client's; it covers everything the call waits for. Zero is
            /// refused. Since 0.1.0.
            #[must_use]
            pub fn timeout(mut self, timeout: Duration) -> Self {
                self.options.timeout = Some(timeout);
                self
            }

            /// A token that can end this call from another thread. Since 0.1.0.
            #[must_use]
            pub fn cancel(mut self, token: &CancelToken) -> Self {
                self.options.cancel = Some(token.clone());
                self
            }

            /// A check that the waiting call runs on its own thread, at least every 50 ms and when a signal arrives;
            /// `true` cancels the call. Since 0.1.0.
            #[must_use]
            pub fn cancel_when(mut self, check: impl Fn() -> bool + Send + Sync + 'static) -> Self {
                self.options.check = Some(Arc::new(check));
                self
            }

            /// The correlation id to send, instead of a new UUID v4. Since 0.1.0.
            #[must_use]
            pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
                self.options.correlation_id = Some(id.into());
                self
            }

            /// Fields that this library does not know, merged into the request's body; a JSON object. Names that it
            /// does know are refused when the request is sent. Since 0.1.0.
            #[must_use]
            pub fn extra(mut self, fields: impl Into<Value>) -> Self {
                self.extra = Some(fields.into());
                self
            }
        }
    };
}

/// Starts a conversation. Every field is optional; which of them exist depends on the dialect. Since 0.1.0.
#[derive(Debug, Clone, Default)]
pub struct Create {
    pub(crate) integration_attributes: Option<Value>,
    pub(crate) variant_id: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) asr_lang_code: Option<String>,
    pub(crate) tts_lang_code: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) metadata: Option<Value>,
    pub(crate) extra: Option<Value>,
    pub(crate) options: CallOptions,
}

call_options!(Create);

impl Create {
    /// A request without options. Since 0.1.0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the agent may know about the caller; any JSON object. Replaces what was set before. Dialect `current`.
    /// Since 0.1.0.
    #[must_use]
    pub fn integration_attributes(mut self, attributes: impl Into<Value>) -> Self {
        self.integration_attributes = Some(attributes.into());
        self
    }

    /// Adds one attribute to [`integration_attributes`](Self::integration_attributes). Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let attributes = self
            .integration_attributes
            .get_or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(attributes) = attributes {
            attributes.insert(name.into(), value.into());
        }
        self
    }

    /// The variant of the agent, for the whole conversation. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn variant_id(mut self, id: impl Into<String>) -> Self {
        self.variant_id = Some(id.into());
        self
    }

    /// The channel: `webchat`, `whatsapp`, `sms`, `api`, or a newer one. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// The language of what the customer writes, such as `en-US`. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn asr_lang_code(mut self, code: impl Into<String>) -> Self {
        self.asr_lang_code = Some(code.into());
        self
    }

    /// The language of what the agent answers, such as `en-US`. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn tts_lang_code(mut self, code: impl Into<String>) -> Self {
        self.tts_lang_code = Some(code.into());
        self
    }

    /// Who the session belongs to, unique per session; a new UUID v4 when not given. Dialect `legacy`. Since 0.1.0.
    #[must_use]
    pub fn user_id(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// What the customer says first; may be empty. Dialect `legacy`. Since 0.1.0.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// What goes with the conversation; any JSON object. Dialect `legacy`. Since 0.1.0.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<Value>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }
}

/// One turn. A message, an empty message and no message are three different requests. Since 0.1.0.
#[derive(Debug, Clone, Default)]
pub struct Respond {
    pub(crate) message: Option<String>,
    pub(crate) integration_attributes: Option<Value>,
    pub(crate) metadata: Option<Value>,
    pub(crate) asr_lang_code: Option<String>,
    pub(crate) tts_lang_code: Option<String>,
    pub(crate) extra: Option<Value>,
    pub(crate) options: CallOptions,
}

call_options!(Respond);

impl Respond {
    /// A turn with this message, which may be empty. Since 0.1.0.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            ..Self::default()
        }
    }

    /// A turn without a message. The `legacy` dialect has none, so an empty one is sent there. Since 0.1.0.
    #[must_use]
    pub fn without_message() -> Self {
        Self::default()
    }

    /// What the agent may know about the caller from this turn on; any JSON object. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn integration_attributes(mut self, attributes: impl Into<Value>) -> Self {
        self.integration_attributes = Some(attributes.into());
        self
    }

    /// What goes with this message; any JSON object. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<Value>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }

    /// The language of this message, such as `en-US`. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn asr_lang_code(mut self, code: impl Into<String>) -> Self {
        self.asr_lang_code = Some(code.into());
        self
    }

    /// The language of the answer, such as `en-US`. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn tts_lang_code(mut self, code: impl Into<String>) -> Self {
        self.tts_lang_code = Some(code.into());
        self
    }
}

impl From<&str> for Respond {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<String> for Respond {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

/// Ends a conversation. Since 0.1.0.
#[derive(Debug, Clone, Default)]
pub struct Close {
    pub(crate) extra: Option<Value>,
    pub(crate) options: CallOptions,
}

call_options!(Close);

impl Close {
    /// A close without options. Since 0.1.0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
