//! The last attempts of a client's calls, and its counters.

use super::listeners::{Listeners, LogLevel, shielded};
use super::metrics::Metrics;
use crate::foundation::sync::{Mutex, lock};
use crate::model::{Attempt, ErrorKind};
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the latency histogram's buckets, in milliseconds; a last bucket holds what took longer.
const LATENCY_BOUNDS_MS: [u64; 12] = [
    1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 30_000,
];

pub(crate) struct Observations {
    recent: Mutex<VecDeque<Attempt>>,
    most_recent: usize,
    calls: AtomicU64,
    attempts: AtomicU64,
    retries: AtomicU64,
    reused_connections: AtomicU64,
    opened_connections: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
    failures: Vec<AtomicU64>,
    latency: Vec<AtomicU64>,
}

impl Observations {
    pub(crate) fn new(most_recent: usize) -> Self {
        Self {
            recent: Mutex::default(),
            most_recent,
            calls: AtomicU64::default(),
            attempts: AtomicU64::default(),
            retries: AtomicU64::default(),
            reused_connections: AtomicU64::default(),
            opened_connections: AtomicU64::default(),
            bytes_sent: AtomicU64::default(),
            bytes_received: AtomicU64::default(),
            failures: ErrorKind::ALL
                .iter()
                .map(|_| AtomicU64::default())
                .collect(),
            latency: (0..=LATENCY_BOUNDS_MS.len())
                .map(|_| AtomicU64::default())
                .collect(),
        }
    }

    /// An attempt has ended. `again` tells whether another one follows.
    pub(crate) fn attempt(&self, attempt: &Attempt, again: bool, listeners: &Listeners) {
        add(&self.attempts, 1);
        add(&self.retries, u64::from(attempt.number > 1));
        match attempt.reused_connection {
            true => add(&self.reused_connections, 1),
            false => add(
                &self.opened_connections,
                u64::from(attempt.address.is_some()),
            ),
        }
        add(&self.bytes_sent, attempt.bytes_sent);
        add(&self.bytes_received, attempt.bytes_received);
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
    pub(crate) fn call(&self, elapsed: Duration, failure: Option<ErrorKind>) {
        add(&self.calls, 1);
        let milliseconds = u64::try_from(elapsed.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
        let bucket = LATENCY_BOUNDS_MS.partition_point(|bound| *bound < milliseconds);
        if let Some(count) = self.latency.get(bucket) {
            add(count, 1);
        }
        let place = failure.and_then(|kind| ErrorKind::ALL.iter().position(|other| *other == kind));
        if let Some(count) = place.and_then(|place| self.failures.get(place)) {
            add(count, 1);
        }
    }

    pub(crate) fn recent(&self) -> Vec<Attempt> {
        lock(&self.recent).iter().cloned().collect()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Metrics {
            calls: read(&self.calls),
            attempts: read(&self.attempts),
            retries: read(&self.retries),
            reused_connections: read(&self.reused_connections),
            opened_connections: read(&self.opened_connections),
            bytes_sent: read(&self.bytes_sent),
            bytes_received: read(&self.bytes_received),
            failures: ErrorKind::ALL
                .iter()
                .zip(&self.failures)
                .map(|(kind, count)| (*kind, read(count)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            latency_ms: LATENCY_BOUNDS_MS
                .iter()
                .map(|bound| Some(*bound))
                .chain([None])
                .zip(self.latency.iter().map(read))
                .collect(),
            ..Metrics::default()
        }
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

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}
