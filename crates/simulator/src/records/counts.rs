use super::ReceivedRequest;
use crate::operation::Operation;
use serde::Serialize;
use std::collections::BTreeMap;

/// Counters since the start, or since the last `clear`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Connections open now.
    pub open_connections: u64,
    /// The most connections that were open together.
    pub most_open_connections: u64,
    /// TLS handshakes completed.
    pub tls_handshakes: u64,
    /// TLS handshakes that resumed an earlier session, of those completed.
    pub tls_resumptions: u64,
    /// Requests whose head was read, those cut short by either side included.
    pub requests: u64,
    /// Requests that arrived whole.
    pub complete_requests: u64,
    /// Requests by operation.
    pub by_operation: BTreeMap<Operation, u64>,
    /// Turns that entered a conversation.
    pub turns: u64,
    /// Conversations created.
    pub created: u64,
    /// Replies by status. A reply that a fault cut short counts as well.
    pub by_status: BTreeMap<u16, u64>,
    /// Replies that were written to their last byte.
    pub complete_replies: u64,
}

impl Counts {
    /// How many requests of one operation were received.
    #[must_use]
    pub fn requests_to(&self, operation: Operation) -> u64 {
        self.by_operation.get(&operation).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, request: &ReceivedRequest) {
        self.requests += 1;
        if request.complete {
            self.complete_requests += 1;
        }
        if let Some(operation) = request.operation {
            *self.by_operation.entry(operation).or_default() += 1;
        }
    }

    pub(crate) fn connection_opened(&mut self) {
        self.connections += 1;
        self.open_connections += 1;
        self.most_open_connections = self.most_open_connections.max(self.open_connections);
    }

    pub(crate) fn connection_closed(&mut self) {
        self.open_connections = self.open_connections.saturating_sub(1);
    }

    pub(crate) fn replied(&mut self, status: u16) {
        *self.by_status.entry(status).or_default() += 1;
    }

    pub(crate) fn clear(&mut self) {
        *self = Self {
            open_connections: self.open_connections,
            most_open_connections: self.open_connections,
            ..Self::default()
        };
    }
}
