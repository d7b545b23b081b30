//! The error that the caller sees: from a failure of the transport, or from an answer of the service. It shows nothing
//! confidential.

use super::classification::{
    NO_CONVERSATION_CODE, TIMED_OUT_CODE, classify, code_is_not_known, may_be_a_part_of_json,
    may_hide_a_code, retry_after,
};
use crate::call::{Call, Stop};
use crate::config::{Credentials, Settings};
use crate::dialect::{Envelope, message_of};
use crate::foundation::foreign_words::Confidential;
use crate::model::{Delivery, Error, ErrorKind, Phase, Repeat, Unreadable};
use crate::transport::{Cause, Failure, ReceivedHead};
use std::cell::OnceCell;
use std::io;
use std::time::SystemTime;

/// How much of a body is kept to show where it could not be interpreted.
const EXCERPT_BYTES: usize = 512;
/// How much is shown of a content type.
const MOST_TYPE_BYTES: usize = 128;

/// Turns what went wrong into the error the caller sees.
pub(crate) struct Verdict<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) credentials: &'a Credentials,
    pub(crate) call: &'a Call,
    /// The body of the request; empty where there is none.
    pub(crate) body: &'a [u8],
    pub(crate) confidential: OnceCell<Confidential>,
}

impl Verdict<'_> {
    /// What no error may show: the secrets, and what the customer said in this call.
    #[cold]
    #[inline(never)]
    fn confidential(&self) -> &Confidential {
        self.confidential.get_or_init(|| {
            let proxy = self.settings.proxy.as_ref();
            let mut confidential = self.credentials.confidential(proxy);
            if let Some(message) = message_of(self.body) {
                confidential.hide_message(&message);
            }
            confidential
        })
    }

    /// Foreign words as they may be shown.
    #[cold]
    #[inline(never)]
    fn words(&self, text: &str) -> String {
        self.confidential().shown(text.as_bytes())
    }

    /// A code as it may be shown. Those that are decided by are no secret, whatever the customer said.
    #[cold]
    #[inline(never)]
    fn code(&self, code: &str) -> String {
        match code {
            TIMED_OUT_CODE | NO_CONVERSATION_CODE => code.to_owned(),
            _ => self.words(code),
        }
    }

    /// What the systems below said, which may quote the other side.
    #[cold]
    #[inline(never)]
    fn source(&self, source: io::Error) -> io::Error {
        let mut said = source.to_string();
        let mut next = std::error::Error::source(&source);
        while let Some(cause) = next {
            said.push_str(&format!(": {cause}"));
            next = cause.source();
        }
        match self.confidential().redacted_bytes(said.as_bytes()) {
            Some(_) => io::Error::new(source.kind(), self.words(&said)),
            None => source,
        }
    }

    /// A request without a usable answer.
    #[cold]
    #[inline(never)]
    pub(crate) fn on_failure(&self, mut failure: Failure) -> Error {
        if failure.has_foreign_words() {
            failure.detail = self.confidential().redacted(&failure.detail);
            failure.source = failure.source.map(|source| self.source(source));
        }
        if let (Cause::Lost | Cause::Malformed, Some(received)) =
            (&failure.cause, &failure.received)
            && received.status >= 400
        {
            let error = self.on_status(received);
            let has_code =
                || Envelope::read(&received.body).is_some_and(|it| it.error_code.is_some());
            return match received.status == 400 && !has_code() {
                true => code_is_not_known(error),
                false => error,
            };
        }
        let seconds = self.call.timeout.as_secs_f64();
        let doing = failure.phase.doing();
        let service = &self.settings.base.text;
        // Whom it was about, and the way to the service.
        let (whom, way) = match &failure.proxy {
            Some(proxy) => (
                format!("the proxy {proxy}"),
                format!("{service} through the proxy {proxy}"),
            ),
            None => (service.clone(), service.clone()),
        };
        let (kind, message) = match &failure.cause {
            Cause::Stopped(Stop::DeadlinePassed) => (
                ErrorKind::Timeout,
                format!("the deadline of {seconds} s passed while {doing}"),
            ),
            Cause::Stopped(Stop::Cancelled) => {
                (ErrorKind::Cancelled, format!("cancelled while {doing}"))
            }
            Cause::Stopped(Stop::Forked) => return Error::forked().with_phase(failure.phase),
            Cause::ConnectTimeout => (
                ErrorKind::Connect,
                format!(
                    "no connection to {way} within connect_timeout_ms = {}, while {doing}{}",
                    self.settings.connect_timeout.as_millis(),
                    in_brackets(&failure.detail)
                ),
            ),
            Cause::NameNotFound => (
                ErrorKind::Connect,
                format!(
                    "the host name of {whom} could not be resolved: {}",
                    failure.detail
                ),
            ),
            Cause::NotConnected => (
                ErrorKind::Connect,
                format!("no connection to {whom}: {}", failure.detail),
            ),
            Cause::ProxyRefused | Cause::ProxyCredentials => (
                ErrorKind::Connect,
                format!("no connection to {way}: {}", failure.detail),
            ),
            Cause::Tls | Cause::Certificate => (
                ErrorKind::Connect,
                format!("no secure connection to {whom}: {}", failure.detail),
            ),
            Cause::Lost if failure.phase == Phase::Body => (
                ErrorKind::Protocol,
                format!(
                    "the answer is incomplete: the connection ended{}",
                    in_brackets(&failure.detail)
                ),
            ),
            Cause::Lost => (
                ErrorKind::Connect,
                format!(
                    "the connection was lost while {doing}{}",
                    in_brackets(&failure.detail)
                ),
            ),
            Cause::Malformed => (
                ErrorKind::Protocol,
                format!("the answer cannot be read: {}", failure.detail),
            ),
            Cause::Exhausted => (
                ErrorKind::Unavailable,
                format!(
                    "this machine has nothing left for a call: {}",
                    failure.detail
                ),
            ),
            Cause::Internal => (
                ErrorKind::Internal,
                format!("unexpected: {}", failure.detail),
            ),
        };
        let delivery = match failure.sent {
            true => Delivery::Unknown,
            false => Delivery::NotSent,
        };
        let repeat = match (&failure.cause, failure.sent) {
            (
                Cause::Stopped(_)
                | Cause::Certificate
                | Cause::ProxyCredentials
                | Cause::Exhausted
                | Cause::Internal,
                _,
            ) => Repeat::Never,
            (_, false) => Repeat::AnyOperation,
            (_, true) => Repeat::CloseOnly,
        };
        let mut error = Error::new(kind, message)
            .with_phase(failure.phase)
            .with_delivery(delivery)
            .with_repeat(repeat);
        if let Some(received) = &failure.received {
            error = match kind {
                ErrorKind::Protocol => self.showing(error, received),
                _ => self.with_answer(error, received),
            };
        }
        match failure.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }

    /// An answer whose status is not 2xx.
    #[cold]
    #[inline(never)]
    pub(crate) fn on_status(&self, received: &ReceivedHead) -> Error {
        let status = received.status;
        if status < 400 {
            let (delivery, repeat) = match status {
                300..=302 | 304.. => (Delivery::Rejected, Repeat::Never),
                _ => (Delivery::Unknown, Repeat::CloseOnly),
            };
            let message = match status {
                300.. => {
                    "the service answered with a redirect, which is never followed: it would carry the key elsewhere"
                }
                _ => "the service switched to another protocol, which nobody asked for",
            };
            return self
                .showing(Error::new(ErrorKind::Protocol, message), received)
                .with_phase(Phase::Reply)
                .with_delivery(delivery)
                .with_repeat(repeat);
        }
        let envelope = Envelope::read(&received.body);
        let code = envelope
            .as_ref()
            .and_then(|envelope| envelope.error_code.as_deref());
        let (kind, delivery, repeat) = classify(status, code, self.settings.retry_503);
        let advice = self.advice(status, code);
        let code = code.map(|code| self.code(code));
        let words = envelope
            .as_ref()
            .and_then(|envelope| envelope.message.as_deref())
            .map(|words| self.words(words));
        let mut message = format!("the service answered {status}");
        if let Some(code) = &code {
            message.push_str(&format!(" {code}"));
        }
        if let Some(words) = &words {
            message.push_str(&format!(": {words}"));
        }
        let error = Error::new(kind, message);
        let error = match envelope {
            Some(_) => self.with_answer(error, received),
            None => self.showing(error, received),
        };
        let error = error
            .with_advice(&advice)
            .with_service_words(code, words)
            .with_retry_after(retry_after(&received.headers, SystemTime::now()))
            .with_phase(Phase::Reply)
            .with_delivery(delivery)
            .with_repeat(repeat);
        match status == 400 && may_hide_a_code(received) {
            true => code_is_not_known(error),
            false => error,
        }
    }

    /// A close that the service answered with `success: false`.
    #[cold]
    #[inline(never)]
    pub(crate) fn on_refused_close(&self, received: &ReceivedHead) -> Error {
        let envelope = Envelope::read(&received.body).unwrap_or_default();
        let words = envelope.message.map(|words| self.words(&words));
        let mut message = "the service did not close the conversation".to_owned();
        if let Some(words) = &words {
            message.push_str(&format!(": {words}"));
        }
        self.with_answer(Error::new(ErrorKind::Rejected, message), received)
            .with_service_words(envelope.error_code.map(|code| self.code(&code)), words)
            .with_phase(Phase::Reply)
            .with_delivery(Delivery::Rejected)
    }

    /// A 2xx answer that does not say what it must.
    #[cold]
    #[inline(never)]
    pub(crate) fn on_unreadable(&self, received: &ReceivedHead, unreadable: &Unreadable) -> Error {
        let error = Error::new(
            ErrorKind::Protocol,
            format!("the answer cannot be read: {unreadable}"),
        );
        let error = match unreadable.is_the_services_json() {
            // It may be the agent's words, which do not belong in a log.
            true => self.with_answer(error.with_advice(&self.status_and_type(received)), received),
            false => self.showing(error, received),
        };
        error
            .with_phase(Phase::Reply)
            .with_delivery(Delivery::Unknown)
            .with_repeat(Repeat::CloseOnly)
    }

    /// Shows status, content type and the first bytes of a body that is not the service's JSON, in words too.
    #[cold]
    #[inline(never)]
    fn showing(&self, error: Error, received: &ReceivedHead) -> Error {
        let error = error.with_advice(&self.status_and_type(received));
        let excerpt = self.excerpt(&received.body);
        let beginning = match excerpt.is_empty() {
            true => "; its body is empty".to_owned(),
            // A part of the service's JSON may hold the agent's words, which do not belong in a log.
            false if may_be_a_part_of_json(&received.body) => String::new(),
            false => format!("; its body begins with \"{excerpt}\""),
        };
        self.with_answer(error.with_advice(&beginning), received)
    }

    /// Keeps what the service answered as fields of the error.
    #[cold]
    #[inline(never)]
    fn with_answer(&self, error: Error, received: &ReceivedHead) -> Error {
        error.with_answer(
            received.status,
            received
                .headers
                .changed_by(|lines| self.confidential().redacted_bytes(lines)),
            self.excerpt(&received.body),
        )
    }

    #[cold]
    #[inline(never)]
    fn excerpt(&self, body: &[u8]) -> String {
        self.confidential().shown_within(body, EXCERPT_BYTES)
    }

    #[cold]
    #[inline(never)]
    fn status_and_type(&self, received: &ReceivedHead) -> String {
        match received.headers.get("content-type") {
            Some(kind) => format!(
                " (HTTP {}, content type {})",
                received.status,
                self.confidential().shown_within(kind, MOST_TYPE_BYTES)
            ),
            None => format!(" (HTTP {}, no content type)", received.status),
        }
    }

    /// What a caller can do about an answer, where that is not plain from its words.
    #[cold]
    #[inline(never)]
    fn advice(&self, status: u16, code: Option<&str>) -> String {
        let settings = self.settings;
        let place = match settings.region {
            Some(region) => format!("region {} at {}", region.name, settings.base.text),
            None => format!("the deployment at {}", settings.base.text),
        };
        match status {
            401 | 403 => format!(
                "; check key and token ({}) and that they belong to {place}",
                self.credentials.origin
            ),
            404 if code != Some(NO_CONVERSATION_CODE) => format!(
                "; check account {} and project {} in {place}",
                settings.account_id, settings.project_id
            ),
            404 => format!(
                " (account {} and project {} in {place})",
                settings.account_id, settings.project_id
            ),
            _ => String::new(),
        }
    }
}

fn in_brackets(detail: &str) -> String {
    if detail.is_empty() {
        String::new()
    } else {
        format!(" ({detail})")
    }
}
