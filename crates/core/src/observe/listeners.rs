//! The listeners of a client: called for each attempt and each log line.

use crate::foundation::named::named;
use crate::model::Attempt;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

named! {
    /// How urgent a log line is. Since 0.1.0.
    LogLevel;
    Warn = 1, "warn", "Something failed for good.";
    Info = 2, "info", "Something failed and is tried again.";
    Debug = 3, "debug", "An attempt succeeded.";
}

impl LogLevel {
    pub(super) fn of(attempt: &Attempt) -> Self {
        match (attempt.kind, attempt.is_retried) {
            (None, _) => Self::Debug,
            (Some(_), true) => Self::Info,
            (Some(_), false) => Self::Warn,
        }
    }
}

/// What the call was given for its listeners, if anything.
pub(crate) type OfCall<'a> = Option<&'a (dyn Any + Send + Sync)>;
pub(crate) type OnAttempt = Arc<dyn Fn(&Attempt, OfCall<'_>) + Send + Sync>;
pub(crate) type OnLog = Arc<dyn Fn(LogLevel, &str, OfCall<'_>) + Send + Sync>;
pub(crate) type WantsLog = Arc<dyn Fn(LogLevel) -> bool + Send + Sync>;

/// Called on the calling thread, inside the call, with no lock held.
#[derive(Clone, Default)]
pub(crate) struct Listeners {
    pub(crate) on_attempt: Option<OnAttempt>,
    pub(crate) on_log: Option<OnLog>,
    pub(crate) wants_log: Option<WantsLog>,
}

impl Listeners {
    pub(super) fn wants_log(&self, level: LogLevel) -> bool {
        match &self.wants_log {
            Some(wanted) => catch_unwind(AssertUnwindSafe(|| wanted(level))).unwrap_or(true),
            None => true,
        }
    }
}

/// A listener that panics harms nobody but itself.
pub(super) fn shielded(listener: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(listener));
}
