//! Why the program did not do what it was asked to: an error of a call, or something on this side of it.

use crate::exit_status;
use polyai_chat_core::{Error, ErrorKind};
use serde::Serialize;
use std::fmt;
use std::io;

/// Why the program stops.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// A call failed.
    Call(Error),
    /// What was given cannot be used, or the conversation was interrupted between two calls; no call was made.
    Own { kind: ErrorKind, message: String },
    /// A file or port of this machine cannot be used.
    Machine(String),
    /// Nobody reads the output any more.
    OutputClosed,
}

impl Failure {
    /// Something that was given on the command line cannot be used.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::Own {
            kind: ErrorKind::InvalidArgument,
            message: message.into(),
        }
    }

    /// The output could not be written.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Machine(format!("the output cannot be written: {error}")),
        }
    }

    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Call(error) => exit_status::of_kind(error.kind()),
            Self::Own { kind, .. } => exit_status::of_kind(*kind),
            Self::Machine(_) => exit_status::MACHINE,
            Self::OutputClosed => exit_status::OUTPUT_CLOSED,
        }
    }

    /// What `--json` shows of it.
    pub(crate) fn report(&self) -> FailureReport<'_> {
        match self {
            Self::Call(error) => FailureReport {
                kind: error.kind().name(),
                number: error.kind().number(),
                message: error.message().to_owned(),
                delivery: error.delivery().name(),
                may_resend: error.may_resend(),
                status: error.status(),
                error_code: error.error_code(),
                correlation_id: error.correlation_id(),
                phase: error.phase().name(),
                retry_after_ms: error
                    .retry_after()
                    .map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
            },
            Self::Own { kind, message } => FailureReport::own(*kind, message.clone()),
            Self::Machine(message) => {
                FailureReport::own(ErrorKind::InvalidArgument, message.clone())
            }
            Self::OutputClosed => FailureReport::own(ErrorKind::Cancelled, self.to_string()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(formatter),
            Self::Own { kind, message } => write!(formatter, "{kind}: {message}"),
            Self::Machine(message) => formatter.write_str(message),
            Self::OutputClosed => formatter.write_str("the output pipe was closed"),
        }
    }
}

/// A failure as JSON: the same fields, whatever it was.
#[derive(Debug, Serialize)]
pub(crate) struct FailureReport<'a> {
    kind: &'static str,
    number: u32,
    message: String,
    delivery: &'static str,
    may_resend: bool,
    status: Option<u16>,
    error_code: Option<&'a str>,
    correlation_id: Option<&'a str>,
    phase: &'static str,
    retry_after_ms: Option<u64>,
}

impl FailureReport<'_> {
    fn own(kind: ErrorKind, message: String) -> Self {
        Self {
            kind: kind.name(),
            number: kind.number(),
            message,
            delivery: polyai_chat_core::Delivery::NotSent.name(),
            may_resend: true,
            status: None,
            error_code: None,
            correlation_id: None,
            phase: polyai_chat_core::Phase::Prepare.name(),
            retry_after_ms: None,
        }
    }
}
