//! The one error type: what went wrong, whether the service may have acted on it, and what to do next.

use super::attempt::Attempt;
use super::delivery::{Delivery, Repeat};
use super::error_kind::ErrorKind;
use super::headers::Headers;
use super::phase::Phase;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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
/// Its text and its `Debug` output hide key, token, the proxy's password and the message of this call, also where the other
/// side repeats them. Whatever else it says may be in them, an earlier message too. Since 0.1.0.
#[derive(Clone)]
pub struct Error(Box<Details>);

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::saying(kind, message.into())
    }

    /// Out of line: errors are made in many places, and seldom.
    #[cold]
    #[inline(never)]
    fn saying(kind: ErrorKind, message: String) -> Self {
        Self(Box::new(Details {
            kind,
            delivery: Delivery::NotSent,
            phase: Phase::Prepare,
            message,
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

    /// A call that takes no request, and whose caller had cancelled it before it began. For other languages.
    #[doc(hidden)]
    #[must_use]
    pub fn cancelled_before() -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled before it began")
    }

    /// The call was begun before a fork and this is the child: its answer goes to the parent, whose copy of it goes on.
    pub(crate) fn forked() -> Self {
        Self::new(
            ErrorKind::Cancelled,
            "the process has forked since the call began; its answer goes to the parent",
        )
        .with_delivery(Delivery::Unknown)
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

    #[cold]
    #[inline(never)]
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

    #[cold]
    #[inline(never)]
    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn with_answer(mut self, status: u16, headers: Headers, excerpt: String) -> Self {
        self.0.status = Some(status);
        self.0.headers = headers;
        self.0.body_excerpt = Some(excerpt);
        self
    }

    #[cold]
    #[inline(never)]
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

    #[cold]
    #[inline(never)]
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

    /// The service's own words about the error, at most 1 KB of them on one line, without secrets and the call's message.
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

    pub(crate) fn all_headers(&self) -> &Headers {
        &self.0.headers
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

    /// What the systems below said, such as the network or TLS, from the outermost to the innermost, joined by `: `; `None`
    /// where they said nothing. For other languages; in Rust there is [`source`](std::error::Error::source). Since 0.1.0.
    #[doc(hidden)]
    #[must_use]
    pub fn causes(&self) -> Option<String> {
        let mut next = std::error::Error::source(self);
        let mut causes = Vec::new();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        (!causes.is_empty()).then(|| causes.join(": "))
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
