//! Why a request got no usable answer, before anyone decides what that means.

use super::message::ReceivedHead;
use super::sys::sockets;
use super::trace::Trace;
use crate::call::Stop;
use crate::config::Proxy;
use crate::model::Phase;
use std::fmt;
use std::io;

/// What came in the way.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The call was told to stop.
    Stopped(Stop),
    /// The share of the deadline that connecting may take is used up.
    ConnectTimeout,
    /// The host name has no address.
    NameNotFound,
    /// No address accepted a connection.
    NotConnected,
    /// The proxy refuses to connect to the service, or makes no sense.
    ProxyRefused,
    /// The proxy wants other credentials.
    ProxyCredentials,
    /// The TLS handshake failed.
    Tls,
    /// The server's certificate was refused.
    Certificate,
    /// The connection ended before the answer was complete.
    Lost,
    /// The answer is not HTTP, or larger than allowed.
    Malformed,
    /// The system grants no thread, descriptor or memory for a connection.
    Exhausted,
    /// A defect of ours or of the HTTP library.
    Internal,
}

/// A request without a usable answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) phase: Phase,
    /// Whether any byte of the request was handed to the network.
    pub(crate) sent: bool,
    /// The proxy, where it is the one that failed.
    pub(crate) proxy: Option<String>,
    pub(crate) detail: String,
    pub(crate) source: Option<io::Error>,
    /// What had been read of the answer by then.
    pub(crate) received: Option<Box<ReceivedHead>>,
    pub(crate) trace: Box<Trace>,
}

impl Failure {
    pub(super) fn new(cause: Cause, phase: Phase, detail: impl Into<String>) -> Self {
        Self::saying(cause, phase, detail.into())
    }

    /// Out of line: failures are made in many places, and seldom.
    #[cold]
    #[inline(never)]
    fn saying(cause: Cause, phase: Phase, detail: String) -> Self {
        Self {
            cause,
            phase,
            sent: false,
            proxy: None,
            detail,
            source: None,
            received: None,
            trace: Box::default(),
        }
    }

    pub(super) fn stopped(stop: Stop, phase: Phase) -> Self {
        Self::new(Cause::Stopped(stop), phase, "")
    }

    /// It was the proxy that failed, and not the service.
    #[cold]
    #[inline(never)]
    pub(super) fn of_proxy(mut self, proxy: &Proxy) -> Self {
        self.proxy = Some(proxy.to_string());
        self
    }

    /// Whether the other side has a part in its words.
    pub(crate) fn has_foreign_words(&self) -> bool {
        match self.cause {
            Cause::ProxyRefused
            | Cause::ProxyCredentials
            | Cause::Tls
            | Cause::Certificate
            | Cause::Malformed => true,
            Cause::Stopped(_)
            | Cause::ConnectTimeout
            | Cause::NameNotFound
            | Cause::NotConnected
            | Cause::Lost
            | Cause::Exhausted
            | Cause::Internal => false,
        }
    }

    /// Says that a limit of the machine is the cause, if that is what the system's error means.
    pub(super) fn unless_exhausted(self, error: &io::Error) -> Self {
        match sockets::is_exhaustion(error) {
            true => Self {
                cause: Cause::Exhausted,
                ..self
            },
            false => self,
        }
    }

    pub(super) fn with_source(mut self, source: io::Error) -> Self {
        self.source = Some(source);
        self
    }

    /// A failure of reading or writing: told to stop, or the connection is gone.
    #[cold]
    #[inline(never)]
    pub(super) fn from_io(error: io::Error, phase: Phase) -> Self {
        match stop_of(&error) {
            Some(stop) => Self::stopped(stop, phase),
            None => {
                let words = match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                    Some(error) => in_words(error),
                    None => error.to_string(),
                };
                Self::new(Cause::Lost, phase, words).with_source(error)
            }
        }
    }
}

/// Carries a [`Stop`] through code that knows only I/O errors.
#[derive(Debug)]
struct Stopped(Stop);

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "told to stop: {:?}", self.0)
    }
}

impl std::error::Error for Stopped {}

pub(super) fn stop_error(stop: Stop) -> io::Error {
    io::Error::other(Stopped(stop))
}

pub(super) fn stop_of(error: &io::Error) -> Option<Stop> {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Stopped>())
        .map(|stopped| stopped.0)
}

/// What the TLS library says, with what to do about it where that is known.
pub(super) fn in_words(error: &rustls::Error) -> String {
    use rustls::AlertDescription as Alert;
    match error {
        rustls::Error::AlertReceived(Alert::CertificateRequired) => {
            "it wants a client certificate, see client_cert_file and client_key_file".to_owned()
        }
        rustls::Error::AlertReceived(
            alert @ (Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::UnsupportedCertificate),
        ) => format!(
            "it does not accept the client's certificate ({})",
            spelled(alert)
        ),
        rustls::Error::AlertReceived(alert) => {
            format!("it ended the TLS session: {}", spelled(alert))
        }
        rustls::Error::PeerIncompatible(why) => {
            format!("it and this library share no way of TLS: {}", spelled(why))
        }
        rustls::Error::PeerMisbehaved(why) => format!("it breaks a rule of TLS: {}", spelled(why)),
        rustls::Error::InvalidMessage(why) => format!("what it sends is not TLS: {}", spelled(why)),
        rustls::Error::InappropriateMessage { .. }
        | rustls::Error::InappropriateHandshakeMessage { .. } => {
            "it breaks a rule of TLS: a message out of turn".to_owned()
        }
        rustls::Error::InvalidCertificate(why) => spelled(why),
        other => other.to_string(),
    }
}

/// A name of the TLS library as words: `NoCipherSuitesInCommon` is "no cipher suites in common".
pub(super) fn spelled(name: &dyn fmt::Debug) -> String {
    let name = format!("{name:?}");
    let mut words = String::new();
    let mut is_after_small = false;
    for letter in name.chars().take_while(char::is_ascii_alphanumeric) {
        if letter.is_ascii_uppercase() && is_after_small {
            words.push(' ');
        }
        is_after_small = letter.is_ascii_lowercase();
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{AlertDescription, InvalidMessage, PeerIncompatible};

    #[test]
    fn names_of_the_tls_library_are_words() {
        for (name, words) in [
            (
                &PeerIncompatible::NoCipherSuitesInCommon as &dyn fmt::Debug,
                "no cipher suites in common",
            ),
            (&AlertDescription::UnknownCA, "unknown ca"),
            (&InvalidMessage::InvalidContentType, "invalid content type"),
        ] {
            assert_eq!(spelled(name), words);
        }
    }
}
