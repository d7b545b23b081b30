//! The one error type: what went wrong, whether the service may have acted on it, and what to do next.

use super::headers::Headers;
use super::operation::Operation;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Makes [`ErrorKind`] and everything that lists its members from one table.
macro_rules! error_kinds {
    ($($(#[$attribute:meta])* $variant:ident = $number:literal, $name:literal, $meaning:literal;)+) => {
        /// What kind of failure it was, named after what the caller does next. Names and numbers never change their
        /// meaning. Since 0.1.0.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u32)]
        pub enum ErrorKind {
            $(#[doc = $meaning] $variant = $number,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name, such as `rate_limited`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The stable number.
            #[must_use]
            pub const fn number(self) -> u32 {
                self as u32
            }

            /// What it means and what to do about it, in one sentence or two.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

error_kinds! {
    InvalidArgument = 1, "invalid_argument", "A call was given something it cannot send. Nothing was sent; correct the argument.";
    Configuration = 2, "configuration", "The configuration is missing something or holds something wrong. The message names the option, where it came from and what would be right.";
    Unsupported = 3, "unsupported", "The chosen dialect of the service has no such operation or field. Nothing was sent.";
    Authentication = 4, "authentication", "The service refused the API key or the connector token (401). Check both, and that they belong to this region.";
    Permission = 5, "permission", "Key and token are known but not allowed to do this (403). Ask whoever manages the account.";
    NotFound = 6, "not_found", "No such conversation, account or project (404). Check the ids and the region.";
    ConversationEnded = 7, "conversation_ended", "The conversation is over. Create a new one.";
    Rejected = 8, "rejected", "The service understood the request and refused it (another 4xx). Sending it again changes nothing.";
    RateLimited = 9, "rate_limited", "Too many requests (429). Wait for `retry_after` if it is given.";
    Server = 10, "server", "The service failed (5xx or 408). The turn may have been processed.";
    Connect = 11, "connect", "No connection, or it was lost: name resolution, TCP, proxy or certificate, as the phase tells. The delivery tells whether the service may have heard the turn.";
    Timeout = 12, "timeout", "The deadline passed. The phase tells where, the delivery whether the service may have heard the turn.";
    Cancelled = 13, "cancelled", "The call was cancelled. The delivery tells whether the service may have heard the turn.";
    Protocol = 14, "protocol", "The answer was not what the service is documented to send. Status, content type and the first bytes are shown.";
    Busy = 15, "busy", "The deadline passed while the turn waited for an earlier one. Nothing was sent.";
    Unavailable = 16, "unavailable", "Too many calls failed lately, so this one was not tried. Nothing was sent.";
    Internal = 17, "internal", "A defect of this library. Please report it with the message.";
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Whether the request of a failed call reached the conversation. Since 0.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Delivery {
    /// No byte of the request left this machine: it is safe to send it again.
    NotSent = 1,
    /// The service answered, and the turn did not enter the conversation: it is safe to send it again.
    Rejected = 2,
    /// The service may have acted on it: sending it again may double it.
    Unknown = 3,
}

impl Delivery {
    /// The stable name: `not_sent`, `rejected` or `unknown`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::NotSent => "nothing was sent",
            Self::Rejected => "the service did not take it",
            Self::Unknown => "the service may have acted on it",
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Where in its course a call was. Since 0.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Checking arguments and configuration.
    Prepare,
    /// Waiting for an earlier turn of the same conversation.
    Queue,
    /// Resolving the host name.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// Agreeing with the proxy: its own TLS, CONNECT or SOCKS.
    Proxy,
    /// The TLS handshake with the service.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the answer and reading its headers.
    Headers,
    /// Reading the answer's body.
    Body,
    /// Reading what the answer says.
    Reply,
    /// Waiting before another attempt.
    Pause,
}

impl Phase {
    /// The stable name, such as `connect`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Queue => "queue",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Reply => "reply",
            Self::Pause => "pause",
        }
    }

    /// What the call was doing, to stand after "while".
    pub(crate) const fn doing(self) -> &'static str {
        match self {
            Self::Prepare => "preparing the request",
            Self::Queue => "waiting for an earlier turn of the conversation",
            Self::Resolve => "resolving the host name",
            Self::Connect => "connecting",
            Self::Proxy => "agreeing with the proxy",
            Self::Tls => "agreeing on TLS",
            Self::Send => "sending the request",
            Self::Headers => "waiting for the answer",
            Self::Body => "reading the answer",
            Self::Reply => "reading what the answer says",
            Self::Pause => "waiting before another attempt",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One try to get a request answered. Since 0.1.0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Which attempt of its call it was, from 1.
    pub number: u64,
    /// What the call asked for.
    pub operation: Operation,
    /// The id of the call, the same over all its attempts.
    pub correlation_id: String,
    /// When it began.
    pub started_at: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// How far it came.
    pub phase: Phase,
    /// How it failed; `None` when it succeeded.
    pub kind: Option<ErrorKind>,
    /// Whether its request reached the conversation; `None` when it succeeded.
    pub delivery: Option<Delivery>,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What came of it, in words; empty when it succeeded.
    pub outcome: String,
    /// Where it was connected to, if it was: the service or the proxy.
    pub address: Option<SocketAddr>,
    /// Its connection had carried a request before.
    pub reused_connection: bool,
    /// How long resolving the name took, where that was needed.
    pub resolve: Option<Duration>,
    /// How long connecting took, where that was needed.
    pub connect: Option<Duration>,
    /// How long agreeing with the proxy took, where that was needed.
    pub proxy: Option<Duration>,
    /// How long the TLS handshake took, where that was needed.
    pub tls: Option<Duration>,
    /// How long sending took.
    pub send: Option<Duration>,
    /// How long the service thought, from the last byte sent to the first one received.
    pub wait: Option<Duration>,
    /// How long the answer took to come.
    pub read: Option<Duration>,
    /// Bytes of the request that were handed to the network, TLS included.
    pub bytes_sent: u64,
    /// Bytes of the answer that came, without TLS.
    pub bytes_received: u64,
}

/// Whether a failed request may be repeated without asking the caller; the contract's table, last column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It would fail again, or the caller has to decide.
    Never,
    /// Nothing of it can have been processed.
    AnyOperation,
    /// It may have been processed, which only close can bear.
    CloseOnly,
}

type Source = Arc<dyn std::error::Error + Send + Sync>;

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    delivery: Delivery,
    phase: Phase,
    message: String,
    status: Option<u16>,
    error_code: Option<String>,
    service_message: Option<String>,
    correlation_id: Option<String>,
    retry_after: Option<Duration>,
    headers: Headers,
    body_excerpt: Option<String>,
    attempts: Vec<Attempt>,
    repeat: Repeat,
    source: Option<Source>,
}

/// Why a call failed, as a value that can be inspected, cloned and kept.
///
/// Neither its text nor its `Debug` output ever holds a key, a token or a message of the conversation. Since 0.1.0.
#[derive(Clone)]
pub struct Error(Box<Details>);

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            delivery: Delivery::NotSent,
            phase: Phase::Prepare,
            message: message.into(),
            status: None,
            error_code: None,
            service_message: None,
            correlation_id: None,
            retry_after: None,
            headers: Headers::default(),
            body_excerpt: None,
            attempts: Vec::new(),
            repeat: Repeat::Never,
            source: None,
        }))
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// An argument that cannot be sent; for a binding, which has checks of its own. Since 0.1.0.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// Something that only a defect or an exhausted system explains; for a binding. Since 0.1.0.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// What a binding reports where it has to catch a panic, from what `catch_unwind` returns. Nothing is known about the
    /// request then, so the delivery is [`Delivery::Unknown`]. Since 0.1.0.
    #[must_use]
    pub fn from_panic(panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("without a text");
        Self::new(ErrorKind::Internal, format!("the call panicked: {text}"))
            .with_delivery(Delivery::Unknown)
    }

    pub(crate) fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.0.delivery = delivery;
        self
    }

    pub(crate) fn with_phase(mut self, phase: Phase) -> Self {
        self.0.phase = phase;
        self
    }

    pub(crate) fn with_service_words(
        mut self,
        error_code: Option<String>,
        message: Option<String>,
    ) -> Self {
        self.0.error_code = error_code;
        self.0.service_message = message;
        self
    }

    pub(crate) fn with_correlation_id(mut self, id: &str) -> Self {
        self.0.correlation_id = Some(id.to_owned());
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    pub(crate) fn with_answer(mut self, status: u16, headers: Headers, excerpt: String) -> Self {
        self.0.status = Some(status);
        self.0.headers = headers;
        self.0.body_excerpt = Some(excerpt);
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: Vec<Attempt>) -> Self {
        // A failed close may have been sent more than once, and any of them may have arrived.
        let worst = attempts.iter().filter_map(|attempt| attempt.delivery).max();
        self.0.delivery = worst.map_or(self.0.delivery, |worst| worst.max(self.0.delivery));
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_repeat(mut self, repeat: Repeat) -> Self {
        self.0.repeat = repeat;
        self
    }

    pub(crate) fn repeat(&self) -> Repeat {
        self.0.repeat
    }

    pub(crate) fn with_source(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn with_advice(mut self, advice: &str) -> Self {
        self.0.message.push_str(advice);
        self
    }

    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the request reached the conversation.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// Whether the same request may be sent again without the risk of doubling it: true unless the delivery is
    /// [`Delivery::Unknown`].
    #[must_use]
    pub fn may_resend(&self) -> bool {
        self.0.delivery != Delivery::Unknown
    }

    /// Where in its course the call failed.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// What went wrong and what would be right, without kind, delivery and correlation id.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's own code, such as `CHAT_TIMEOUT`. New codes may appear at any time.
    #[must_use]
    pub fn error_code(&self) -> Option<&str> {
        self.0.error_code.as_deref()
    }

    /// The service's own words about the error.
    #[must_use]
    pub fn service_message(&self) -> Option<&str> {
        self.0.service_message.as_deref()
    }

    /// The id that the service's support asks for. It was made before the request was sent, so timeouts have one too;
    /// errors that come before any request is made have none.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// How long the service asked to wait before trying again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// A header of the answer, by its name in any case; `None` where it is missing or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.text(name)
    }

    /// The headers of the answer, names in lower case, values as they came; none where there was no answer.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.headers.iter()
    }

    /// The content type of the answer.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// The first bytes of an answer that was refused or could not be understood. It may hold what the service chose
    /// to put there, so treat it like the conversation itself.
    #[must_use]
    pub fn body_excerpt(&self) -> Option<&str> {
        self.0.body_excerpt.as_deref()
    }

    /// The tries this call made, oldest first; empty when none was made.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.0;
        formatter
            .debug_struct("Error")
            .field("kind", &details.kind)
            .field("delivery", &details.delivery)
            .field("phase", &details.phase)
            .field("message", &details.message)
            .field("status", &details.status)
            .field("error_code", &details.error_code)
            .field("correlation_id", &details.correlation_id)
            .field("retry_after", &details.retry_after)
            .field("attempts", &details.attempts)
            .field("source", &details.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.0;
        write!(formatter, "{}: {}", details.kind, details.message)?;
        if details.phase != Phase::Prepare {
            write!(formatter, " ({})", details.delivery.sentence())?;
        }
        if let Some(id) = &details.correlation_id {
            write!(formatter, " [correlation id {id}]")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_ref()
            .map(|source| source.as_ref() as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_in_order() {
        let numbers: Vec<u32> = ErrorKind::ALL.iter().map(|kind| kind.number()).collect();
        let expected: Vec<u32> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected);
        let names: std::collections::HashSet<_> =
            ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), numbers.len());
    }

    #[test]
    fn only_an_unknown_delivery_forbids_sending_again() {
        let error = Error::invalid_argument("x");
        assert!(error.may_resend());
        assert!(error.clone().with_delivery(Delivery::Rejected).may_resend());
        assert!(!error.with_delivery(Delivery::Unknown).may_resend());
    }

    #[test]
    fn the_text_says_kind_delivery_and_correlation_id() {
        let error = Error::new(ErrorKind::Timeout, "30 s passed")
            .with_phase(Phase::Body)
            .with_delivery(Delivery::Unknown)
            .with_correlation_id("abc");
        assert_eq!(
            error.to_string(),
            "timeout: 30 s passed (the service may have acted on it) [correlation id abc]"
        );
    }

    #[test]
    fn errors_can_be_shared_between_threads() {
        fn shared<T: Send + Sync + Clone + 'static>() {}
        shared::<Error>();
    }
}
