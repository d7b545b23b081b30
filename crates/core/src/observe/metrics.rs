//! The counters of a client.

use crate::model::{Attempt, BreakerState, ErrorKind, Operation};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the latency histogram's buckets, in milliseconds; a last bucket holds what took longer.
const LATENCY_BOUNDS_MS: [u64; 15] = [
    1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 15_000, 20_000, 30_000,
];

/// A client's counters since it was made, or since the process forked. Since 0.1.0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Creates that have ended.
    pub create: OperationMetrics,
    /// Responds that have ended.
    pub respond: OperationMetrics,
    /// Closes that have ended.
    pub close: OperationMetrics,
    /// Attempts that were made for calls.
    pub attempts: u64,
    /// Attempts that were a repetition.
    pub retries: u64,
    /// Attempts over a connection that had carried a request before.
    pub reused_connections: u64,
    /// Attempts that opened a connection.
    pub opened_connections: u64,
    /// Bytes of requests handed to the network, TLS included.
    pub bytes_sent: u64,
    /// Bytes of answers, without TLS.
    pub bytes_received: u64,
    /// Calls that are under way now.
    pub calls_in_flight: u64,
    /// Connections that wait for a call now.
    pub idle_connections: usize,
    /// Retries that are left in the client's budget now.
    pub retries_left: u64,
    /// What the breaker does with calls now.
    pub breaker: BreakerState,
}

/// The counters of one operation. Since 0.1.0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationMetrics {
    /// Calls that have ended.
    pub calls: u64,
    /// Failed calls by kind; only kinds that have occurred.
    pub failures: Vec<(ErrorKind, u64)>,
    /// How long all calls took together.
    pub latency_sum: Duration,
    /// Calls by how long they took: the upper bound in milliseconds (`None` for all that took longer) and how many.
    pub latency_ms: Vec<(Option<u64>, u64)>,
}

impl Metrics {
    /// The counters of one operation. Since 0.1.0.
    #[must_use]
    pub fn of(&self, operation: Operation) -> &OperationMetrics {
        match operation {
            Operation::Create => &self.create,
            Operation::Respond => &self.respond,
            Operation::Close => &self.close,
        }
    }

    /// How many calls of all operations have ended. Since 0.1.0.
    #[must_use]
    pub fn calls(&self) -> u64 {
        Operation::ALL
            .iter()
            .map(|operation| self.of(*operation).calls)
            .sum()
    }

    /// How many calls of all operations have failed so. Since 0.1.0.
    #[must_use]
    pub fn failures(&self, kind: ErrorKind) -> u64 {
        let of_all = Operation::ALL
            .iter()
            .flat_map(|operation| &self.of(*operation).failures);
        let of_kind = of_all.filter(|(failed, _)| *failed == kind);
        of_kind.map(|(_, count)| count).sum()
    }
}

/// Where the counters are kept.
#[derive(Default)]
pub(crate) struct Counters {
    create: OperationCounters,
    respond: OperationCounters,
    close: OperationCounters,
    attempts: AtomicU64,
    retries: AtomicU64,
    reused_connections: AtomicU64,
    opened_connections: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
}

struct OperationCounters {
    /// A place for each kind of error.
    failures: Box<[AtomicU64]>,
    latency_sum_us: AtomicU64,
    /// A place for each bucket.
    latency: Box<[AtomicU64]>,
}

impl Default for OperationCounters {
    fn default() -> Self {
        let zeros = |count: usize| (0..count).map(|_| AtomicU64::default()).collect();
        Self {
            failures: zeros(ErrorKind::ALL.len()),
            latency_sum_us: AtomicU64::default(),
            latency: zeros(LATENCY_BOUNDS_MS.len() + 1),
        }
    }
}

impl Counters {
    pub(crate) fn count_attempt(&self, attempt: &Attempt) {
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
    }

    pub(crate) fn count_call(
        &self,
        operation: Operation,
        elapsed: Duration,
        failure: Option<ErrorKind>,
    ) {
        let counters = match operation {
            Operation::Create => &self.create,
            Operation::Respond => &self.respond,
            Operation::Close => &self.close,
        };
        let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        add(&counters.latency_sum_us, microseconds);
        let milliseconds = microseconds.div_ceil(1000);
        let bucket = LATENCY_BOUNDS_MS.partition_point(|bound| *bound < milliseconds);
        if let Some(count) = counters.latency.get(bucket) {
            add(count, 1);
        }
        let place = failure.and_then(|kind| ErrorKind::ALL.iter().position(|other| *other == kind));
        if let Some(count) = place.and_then(|place| counters.failures.get(place)) {
            add(count, 1);
        }
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics {
            create: self.create.metrics(),
            respond: self.respond.metrics(),
            close: self.close.metrics(),
            attempts: read(&self.attempts),
            retries: read(&self.retries),
            reused_connections: read(&self.reused_connections),
            opened_connections: read(&self.opened_connections),
            bytes_sent: read(&self.bytes_sent),
            bytes_received: read(&self.bytes_received),
            ..Metrics::default()
        }
    }
}

impl OperationCounters {
    fn metrics(&self) -> OperationMetrics {
        let latency: Vec<_> = self.latency.iter().map(read).collect();
        let failures = ErrorKind::ALL.iter().zip(self.failures.iter().map(read));
        OperationMetrics {
            calls: latency.iter().sum(),
            failures: failures
                .filter(|(_, count)| *count > 0)
                .map(|(kind, count)| (*kind, count))
                .collect(),
            latency_sum: Duration::from_micros(read(&self.latency_sum_us)),
            latency_ms: LATENCY_BOUNDS_MS
                .iter()
                .map(|bound| Some(*bound))
                .chain([None])
                .zip(latency)
                .collect(),
        }
    }
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
