//! One try to get a request answered.

use super::delivery::Delivery;
use super::error_kind::ErrorKind;
use super::operation::Operation;
use super::phase::Phase;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// One try to get a request answered. Since 0.1.0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Its number among all attempts of the client in this process, from 1, in the order in which they ended.
    pub serial: u64,
    /// Which attempt of its call it was, from 1.
    pub number: u64,
    /// What the call asked for.
    pub operation: Operation,
    /// The id of the call, the same over all its attempts.
    pub correlation_id: Arc<str>,
    /// When it began.
    pub started_at: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// How far it came.
    pub phase: Phase,
    /// How it failed; `None` when it succeeded.
    pub kind: Option<ErrorKind>,
    /// Whether its request reached the conversation; `None` when it succeeded.
    pub delivery: Option<Delivery>,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Its outcome, in words; empty when it succeeded.
    pub outcome: String,
    /// Another attempt of the same call follows.
    pub is_retried: bool,
    /// Where it was connected to, if it was: the service or the proxy.
    pub address: Option<SocketAddr>,
    /// Its connection had carried a request before.
    pub reused_connection: bool,
    /// How long resolving the name took, where that was needed.
    pub resolve: Option<Duration>,
    /// How long connecting took, where that was needed.
    pub connect: Option<Duration>,
    /// How long agreeing with the proxy took, where that was needed.
    pub proxy: Option<Duration>,
    /// How long the TLS handshake took, where that was needed.
    pub tls: Option<Duration>,
    /// How long sending took.
    pub send: Option<Duration>,
    /// How long the service thought, from the last byte sent to the first one received.
    pub wait: Option<Duration>,
    /// How long the answer took to come.
    pub read: Option<Duration>,
    /// Bytes of the request that were handed to the network, TLS included.
    pub bytes_sent: u64,
    /// Bytes of the answer that came, without TLS.
    pub bytes_received: u64,
}
