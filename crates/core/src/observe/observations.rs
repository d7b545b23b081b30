//! The last attempts of a client's calls, and its counters.

use super::listeners::{Listeners, LogLevel, shielded};
use super::metrics::{Counters, Metrics};
use crate::foundation::sync::{Mutex, lock};
use crate::model::{Attempt, ErrorKind, Operation};
use std::collections::VecDeque;
use std::fmt::Write;
use std::time::Duration;

pub(crate) struct Observations {
    recent: Mutex<VecDeque<Attempt>>,
    most_recent: usize,
    counters: Counters,
}

impl Observations {
    pub(crate) fn new(most_recent: usize) -> Self {
        Self {
            recent: Mutex::default(),
            most_recent,
            counters: Counters::default(),
        }
    }

    /// An attempt has ended. `again` tells whether another one follows.
    pub(crate) fn attempt(&self, attempt: &Attempt, again: bool, listeners: &Listeners) {
        self.counters.count_attempt(attempt);
        self.remember(attempt);
        if let Some(on_attempt) = &listeners.on_attempt {
            shielded(|| on_attempt(attempt));
        }
        if let Some(on_log) = &listeners.on_log {
            let level = match (attempt.kind, again) {
                (None, _) => LogLevel::Debug,
                (Some(_), true) => LogLevel::Info,
                (Some(_), false) => LogLevel::Warn,
            };
            if listeners.wants_log(level) {
                let line = in_words(attempt);
                shielded(|| on_log(level, &line));
            }
        }
    }

    /// A call has ended, with all its attempts.
    pub(crate) fn call(&self, operation: Operation, elapsed: Duration, failure: Option<ErrorKind>) {
        self.counters.count_call(operation, elapsed, failure);
    }

    pub(crate) fn recent(&self) -> Vec<Attempt> {
        lock(&self.recent).iter().cloned().collect()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.counters.metrics()
    }

    fn remember(&self, attempt: &Attempt) {
        if self.most_recent == 0 {
            return;
        }
        let attempt = attempt.clone();
        let mut recent = lock(&self.recent);
        let leaving = (recent.len() >= self.most_recent).then(|| recent.pop_front());
        recent.push_back(attempt);
        drop(recent);
        drop(leaving);
    }
}

fn in_words(attempt: &Attempt) -> String {
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
