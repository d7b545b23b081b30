//! How a connection came about, for `doctor` and for the trace of a request.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How a connection came about, step by step; a step that was not reached is `None`. Since 0.1.0.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ConnectionReport {
    /// The addresses of the host, or of the proxy if there is one, and how long it took to find them.
    pub resolved: Option<(Vec<IpAddr>, Duration)>,
    /// The address of those that accepted the connection, and how long that took.
    pub connected: Option<(SocketAddr, Duration)>,
    /// What was agreed on with the proxy; also `None` where there is none.
    pub proxy: Option<ProxyReport>,
    /// The TLS handshake; also `None` for plain HTTP.
    pub tls: Option<TlsReport>,
}

/// The proxy that connected to the service. Since 0.1.0.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProxyReport {
    /// Its URL, without user name and password.
    pub url: String,
    /// How long agreeing with it took, once it was connected to, until it was connected to the service.
    pub elapsed: Duration,
}

/// What a TLS handshake agreed on. Since 0.1.0.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TlsReport {
    /// The protocol, such as `TLS 1.3`.
    pub protocol: &'static str,
    /// The server's certificates in DER, its own first.
    pub certificates: Vec<Vec<u8>>,
    /// How long it took.
    pub elapsed: Duration,
}
