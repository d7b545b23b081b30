//! The counters of a client, as they are shown.

use crate::model::ErrorKind;

/// A client's counters since it was made, or since the process forked. Since 0.1.0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Calls that have ended.
    pub calls: u64,
    /// Attempts that were made for them.
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
    /// Failed calls by kind; only kinds that have occurred.
    pub failures: Vec<(ErrorKind, u64)>,
    /// Calls by how long they took: the upper bound in milliseconds (`None` for all that took longer) and how many.
    pub latency_ms: Vec<(Option<u64>, u64)>,
    /// Calls that are under way now.
    pub calls_in_flight: u64,
    /// Connections that wait for a call now.
    pub idle_connections: usize,
    /// Retries that are left in the client's store now.
    pub retries_left: u64,
}
