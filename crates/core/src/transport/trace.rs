//! The times and bytes of one request, kept for its attempt.

use super::report::ConnectionReport;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Where the time of one request went, and over which connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace {
    /// The connection had carried a request before.
    pub(crate) reused: bool,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) resolve: Option<Duration>,
    pub(crate) connect: Option<Duration>,
    pub(crate) proxy: Option<Duration>,
    pub(crate) tls: Option<Duration>,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    first_byte_sent: Option<Instant>,
    last_byte_sent: Option<Instant>,
    first_byte_received: Option<Instant>,
    last_byte_received: Option<Instant>,
}

impl Trace {
    /// Over a connection that has carried a request before.
    pub(super) fn reused(address: Option<SocketAddr>) -> Self {
        Self {
            reused: true,
            address,
            ..Self::default()
        }
    }

    /// Over a new connection, as far as that came.
    pub(super) fn opened(report: &ConnectionReport) -> Self {
        Self {
            address: report.connected.map(|(address, _)| address),
            resolve: report.resolved.as_ref().map(|(_, elapsed)| *elapsed),
            connect: report.connected.map(|(_, elapsed)| elapsed),
            proxy: report.proxy.as_ref().map(|proxy| proxy.elapsed),
            tls: report.tls.as_ref().map(|tls| tls.elapsed),
            ..Self::default()
        }
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        let now = Instant::now();
        self.first_byte_sent.get_or_insert(now);
        self.last_byte_sent = Some(now);
        self.bytes_sent += bytes as u64;
    }

    pub(super) fn received(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let now = Instant::now();
        self.first_byte_received.get_or_insert(now);
        self.last_byte_received = Some(now);
        self.bytes_received += bytes as u64;
    }

    /// How long sending took.
    pub(crate) fn send(&self) -> Option<Duration> {
        between(self.first_byte_sent, self.last_byte_sent)
    }

    /// How long the service thought.
    pub(crate) fn wait(&self) -> Option<Duration> {
        between(self.last_byte_sent, self.first_byte_received)
    }

    /// How long the answer took to come.
    pub(crate) fn read(&self) -> Option<Duration> {
        between(self.first_byte_received, self.last_byte_received)
    }
}

fn between(from: Option<Instant>, to: Option<Instant>) -> Option<Duration> {
    Some(to?.saturating_duration_since(from?))
}
