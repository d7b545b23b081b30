//! What a caller asks for: create, respond, close, each with what the call itself may carry.

use super::call::CallOptions;
use super::cancel::CancelToken;
use super::extra_headers;
use super::fields::{Field, Fields, REQUEST_FIELDS, RequestField, not_an_object};
use crate::foundation::foreign_words::{MOST_NAME_BYTES, bounded};
use crate::model::{Error, Operation};
use serde_json::Value;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// What a call carries beside its message, set by name, before it is known which operation it is for: for other languages, and
/// for programs that take such names from elsewhere. Since 0.1.0.
///
/// ```
/// # fn main() -> Result<(), polyai_chat_core::Error> {
/// use polyai_chat_core::{Create, Request};
///
/// let mut request = Request::new();
/// request.set("variant_id", "billing")?;
/// request.set("integration_attributes", r#"{"customer_name": "Sam"}"#)?;
/// let create = Create::try_from(request)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub(crate) fields: Fields,
    pub(crate) options: CallOptions,
}

impl Request {
    /// A request in which nothing is set. Since 0.1.0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one of [`REQUEST_FIELDS`] by its name, or `correlation_id`. A field that holds an object takes it as JSON text.
    /// Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument): no such field, or not the JSON of an object. Nothing is changed
    /// then. Whether operation and dialect have the field is seen when the call is made.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> Result<(), Error> {
        let value = value.into();
        if name == "correlation_id" {
            self.options.correlation_id = Some(value);
            return Ok(());
        }
        let field = field_named(name)?;
        let value = match field.is_json {
            false => Value::String(value),
            true => serde_json::from_str(&value)
                .map_err(|error| Error::invalid_argument(format!("{name} is not JSON: {error}")))?,
        };
        self.set_value(name, value)
    }

    /// As [`set`](Self::set), for a value that has been read already. Since 0.1.0.
    ///
    /// # Errors
    /// As [`set`](Self::set); also a value that is no object for a field that holds one, or no text for one that holds text.
    pub fn set_value(&mut self, name: &str, value: impl Into<Value>) -> Result<(), Error> {
        let (field, value) = (field_named(name)?, value.into());
        if field.is_json && !value.is_object() {
            return Err(not_an_object(name, &value));
        }
        if !field.is_json && !value.is_string() {
            return Err(Error::invalid_argument(format!("{name} must be a text")));
        }
        self.fields.set(field.field(), value);
        Ok(())
    }

    /// Adds one entry to `integration_attributes`. Since 0.1.0.
    pub fn set_attribute(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let field = Field::IntegrationAttributes;
        self.fields.add(field, name.into(), value.into());
    }

    /// Adds a header to the call, such as `traceparent`, or replaces the one that was added under this name. Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument): it cannot be sent, or this library sets it. Nothing is changed then.
    pub fn set_header(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let header = (name.to_owned(), value.to_owned());
        extra_headers::check(std::slice::from_ref(&header))?;
        self.add_header(header);
        Ok(())
    }

    fn add_header(&mut self, header: (String, String)) {
        let headers = &mut self.options.headers;
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case(&header.0));
        headers.push(header);
    }

    /// The deadline of the call, instead of the client's. Zero is refused when the call is made. Since 0.1.0.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.options.timeout = Some(timeout);
    }

    /// A token that can end the call from another thread; `None` takes it away. Since 0.1.0.
    pub fn set_cancel(&mut self, token: Option<&CancelToken>) {
        self.options.cancel = token.cloned();
    }

    /// A check that the waiting call runs on its own thread, at least every 50 ms and when a signal arrives; `true` cancels the
    /// call. Since 0.1.0.
    pub fn set_check(&mut self, check: impl Fn() -> bool + Send + Sync + 'static) {
        self.options.check = Some(Arc::new(check));
    }

    /// What listeners are given back with each attempt of the call, on whichever thread that is. For other languages.
    #[doc(hidden)]
    pub fn set_context(&mut self, context: Arc<dyn Any + Send + Sync>) {
        self.options.context = Some(context);
    }
}

fn field_named(name: &str) -> Result<&'static RequestField, Error> {
    RequestField::named(name).ok_or_else(|| {
        let known: Vec<_> = REQUEST_FIELDS.iter().map(|field| field.name).collect();
        Error::invalid_argument(format!(
            "unknown field \"{}\"; known are {}, correlation_id",
            bounded(name.as_bytes(), MOST_NAME_BYTES),
            known.join(", ")
        ))
    })
}

/// What every request can be told about its own call.
macro_rules! call_options {
    ($request:ident, $operation:expr) => {
        /// What a request that was set by name says; a field that this operation does not have is an error. Since 0.1.0.
        impl TryFrom<Request> for $request {
            type Error = Error;

            fn try_from(request: Request) -> Result<Self, Error> {
                request.fields.check_operation($operation)?;
                Ok(Self(request))
            }
        }

        impl $request {
            /// The deadline of this call, instead of the client's; it covers everything the call waits for. Zero is
            /// refused. Since 0.1.0.
            #[must_use]
            pub fn timeout(mut self, timeout: Duration) -> Self {
                self.0.set_timeout(timeout);
                self
            }

            /// A token that can end this call from another thread. Since 0.1.0.
            #[must_use]
            pub fn cancel(mut self, token: &CancelToken) -> Self {
                self.0.set_cancel(Some(token));
                self
            }

            /// A check that the waiting call runs on its own thread, at least every 50 ms and when a signal arrives;
            /// `true` cancels the call. Since 0.1.0.
            #[must_use]
            pub fn cancel_when(mut self, check: impl Fn() -> bool + Send + Sync + 'static) -> Self {
                self.0.set_check(check);
                self
            }

            /// The correlation id to send, instead of a new UUID v4. Since 0.1.0.
            #[must_use]
            pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
                self.0.options.correlation_id = Some(id.into());
                self
            }

            /// A header that this call carries beside those of the library, such as `traceparent`. One that cannot be sent, or
            /// that the library sets, is refused when the call is made. Since 0.1.0.
            #[must_use]
            pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
                self.0.add_header((name.into(), value.into()));
                self
            }

            /// Fields that this library does not know, merged into the request's body; a JSON object. Names that it
            /// does know are refused when the request is sent. Since 0.1.0.
            #[must_use]
            pub fn extra(self, fields: impl Into<Value>) -> Self {
                self.with(Field::Extra, fields)
            }

            fn with(mut self, field: Field, value: impl Into<Value>) -> Self {
                self.0.fields.set(field, value.into());
                self
            }
        }
    };
}

/// Starts a conversation. Every field is optional; which of them exist depends on the dialect. Since 0.1.0.
#[derive(Debug, Clone, Default)]
pub struct Create(pub(crate) Request);

call_options!(Create, Operation::Create);

impl Create {
    /// A request without options. Since 0.1.0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the agent may know about the caller; any JSON object. Replaces what was set before. Dialect `current`.
    /// Since 0.1.0.
    #[must_use]
    pub fn integration_attributes(self, attributes: impl Into<Value>) -> Self {
        self.with(Field::IntegrationAttributes, attributes)
    }

    /// Adds one attribute to [`integration_attributes`](Self::integration_attributes). Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.set_attribute(name, value);
        self
    }

    /// The variant of the agent, for the whole conversation. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn variant_id(self, id: impl Into<String>) -> Self {
        self.with(Field::VariantId, id.into())
    }

    /// The channel: `webchat`, `whatsapp`, `sms`, `api`, or a newer one. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn channel(self, channel: impl Into<String>) -> Self {
        self.with(Field::Channel, channel.into())
    }

    /// The language of what the customer writes, such as `en-US`. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn asr_lang_code(self, code: impl Into<String>) -> Self {
        self.with(Field::AsrLangCode, code.into())
    }

    /// The language of what the agent answers, such as `en-US`. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn tts_lang_code(self, code: impl Into<String>) -> Self {
        self.with(Field::TtsLangCode, code.into())
    }

    /// Who the session belongs to, unique per session; a new UUID v4 when not given. Dialect `legacy`. Since 0.1.0.
    #[must_use]
    pub fn user_id(self, id: impl Into<String>) -> Self {
        self.with(Field::UserId, id.into())
    }

    /// What the customer says first; may be empty. Dialect `legacy`. Since 0.1.0.
    #[must_use]
    pub fn message(self, message: impl Into<String>) -> Self {
        self.with(Field::Message, message.into())
    }

    /// What goes with the conversation; any JSON object. Dialect `legacy`. Since 0.1.0.
    #[must_use]
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with(Field::Metadata, metadata)
    }
}

/// One turn. A message, an empty message and no message are three different requests. Since 0.1.0.
#[derive(Debug, Clone, Default)]
pub struct Respond(pub(crate) Request);

call_options!(Respond, Operation::Respond);

impl Respond {
    /// A turn with this message, which may be empty. Since 0.1.0.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self::default().message(message)
    }

    /// A turn without a message. The `legacy` dialect has none, so an empty one is sent there. Since 0.1.0.
    #[must_use]
    pub fn without_message() -> Self {
        Self::default()
    }

    /// What the customer says; may be empty. Since 0.1.0.
    #[must_use]
    pub fn message(self, message: impl Into<String>) -> Self {
        self.with(Field::Message, message.into())
    }

    /// What the agent may know about the caller from this turn on; any JSON object. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn integration_attributes(self, attributes: impl Into<Value>) -> Self {
        self.with(Field::IntegrationAttributes, attributes)
    }

    /// What goes with this message; any JSON object. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn metadata(self, metadata: impl Into<Value>) -> Self {
        self.with(Field::Metadata, metadata)
    }

    /// The language of this message, such as `en-US`. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn asr_lang_code(self, code: impl Into<String>) -> Self {
        self.with(Field::AsrLangCode, code.into())
    }

    /// The language of the answer, such as `en-US`. Dialect `current`. Since 0.1.0.
    #[must_use]
    pub fn tts_lang_code(self, code: impl Into<String>) -> Self {
        self.with(Field::TtsLangCode, code.into())
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
pub struct Close(pub(crate) Request);

call_options!(Close, Operation::Close);

impl Close {
    /// A close without options. Since 0.1.0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
