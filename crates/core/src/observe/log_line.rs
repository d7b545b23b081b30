//! An attempt as a line for a log.

use super::listeners::LogLevel;
use crate::model::Attempt;
use std::fmt::Write;

/// A line for a log, about one attempt. Since 0.1.0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// The serial number of the attempt.
    pub serial: u64,
    /// How urgent it is.
    pub level: LogLevel,
    /// The line, which hides what the text of an [`Error`](crate::Error) hides.
    pub text: String,
}

impl LogLine {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        Self {
            serial: attempt.serial,
            level: LogLevel::of(attempt),
            text: Self::in_words(attempt),
        }
    }

    pub(super) fn in_words(attempt: &Attempt) -> String {
        let mut line = format!(
            "{} attempt {} took {:.1} ms",
            attempt.operation,
            attempt.number,
            attempt.elapsed.as_secs_f64() * 1000.0
        );
        if let Some(status) = attempt.status {
            let _ = write!(line, ", HTTP {status}");
        }
        if let (Some(kind), Some(delivery)) = (attempt.kind, attempt.delivery) {
            let _ = write!(
                line,
                ", {kind}, {delivery}, while {}: {}",
                attempt.phase.doing(),
                attempt.outcome
            );
        }
        if let Some(address) = attempt.address {
            let how = if attempt.reused_connection {
                "kept"
            } else {
                "new"
            };
            let _ = write!(line, ", {how} connection to {address}");
        }
        let _ = write!(line, ", correlation id {}", attempt.correlation_id);
        line
    }
}
