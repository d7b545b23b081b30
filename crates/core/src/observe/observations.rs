//! The last attempts of a client's calls, and its counters.

use super::listeners::{Listeners, LogLevel, OfCall, shielded};
use super::log_line::LogLine;
use super::metrics::{Counters, Metrics};
use crate::foundation::sync::{Mutex, lock};
use crate::model::{Attempt, ErrorKind, Operation};
use std::collections::VecDeque;
use std::time::Duration;

pub(crate) struct Observations {
    recent: Mutex<Recent>,
    most_recent: usize,
    counters: Counters,
}

#[derive(Default)]
struct Recent {
    /// How many attempts have ended.
    ended: u64,
    attempts: VecDeque<Attempt>,
}

impl Observations {
    pub(crate) fn new(most_recent: usize) -> Self {
        Self {
            recent: Mutex::default(),
            most_recent,
            counters: Counters::default(),
        }
    }

    /// An attempt has ended, and gets its serial number.
    pub(crate) fn attempt(
        &self,
        attempt: &mut Attempt,
        listeners: &Listeners,
        of_call: OfCall<'_>,
    ) {
        self.counters.count_attempt(attempt);
        self.remember(attempt);
        let attempt = &*attempt;
        if let Some(on_attempt) = &listeners.on_attempt {
            shielded(|| on_attempt(attempt, of_call));
        }
        if let Some(on_log) = &listeners.on_log {
            let level = LogLevel::of(attempt);
            if listeners.wants_log(level) {
                let line = LogLine::in_words(attempt);
                shielded(|| on_log(level, &line, of_call));
            }
        }
    }

    /// A call has ended, with all its attempts.
    pub(crate) fn call(&self, operation: Operation, elapsed: Duration, failure: Option<ErrorKind>) {
        self.counters.count_call(operation, elapsed, failure);
    }

    /// The remembered attempts with a larger serial number than this, oldest first.
    pub(crate) fn recent(&self, after: u64) -> Vec<Attempt> {
        let recent = lock(&self.recent);
        let first = recent
            .attempts
            .partition_point(|attempt| attempt.serial <= after);
        recent.attempts.range(first..).cloned().collect()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.counters.metrics()
    }

    fn remember(&self, attempt: &mut Attempt) {
        let copy = (self.most_recent > 0).then(|| attempt.clone());
        let mut recent = lock(&self.recent);
        recent.ended += 1;
        attempt.serial = recent.ended;
        let Some(mut copy) = copy else {
            return;
        };
        copy.serial = recent.ended;
        let is_full = recent.attempts.len() >= self.most_recent;
        let leaving = is_full.then(|| recent.attempts.pop_front());
        recent.attempts.push_back(copy);
        drop(recent);
        drop(leaving);
    }
}
