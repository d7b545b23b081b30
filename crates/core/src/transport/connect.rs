//! From a host to a connection that is ready for a request: name, TCP, TLS.

use super::dial::dial;
use super::failure::Failure;
use super::names::Names;
use super::socket::{DeadlineSocket, Idle, SocketInterrupt};
use super::tls::{Carrier, Tls};
use crate::call::Call;
use crate::deadline::Deadline;
use crate::endpoint::BaseUrl;
use rustls::{ClientConnection, ProtocolVersion};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The server a client talks to.
#[derive(Debug)]
pub(super) struct Target {
    host: String,
    port: u16,
    secure: bool,
}

impl Target {
    pub(super) fn new(base: &BaseUrl) -> Self {
        Self {
            host: base.host.clone(),
            port: base.port,
            secure: base.secure,
        }
    }
}

/// How a connection came about, step by step; a step that was not reached is `None`. Since 0.1.0.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ConnectionReport {
    /// The addresses of the host, and how long it took to find them.
    pub resolved: Option<(Vec<IpAddr>, Duration)>,
    /// The address that accepted the connection, and how long that took.
    pub connected: Option<(SocketAddr, Duration)>,
    /// The TLS handshake; also `None` for plain HTTP.
    pub tls: Option<TlsReport>,
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

/// A connection that no request has used yet.
pub(super) struct Opened {
    pub(super) socket: DeadlineSocket,
    pub(super) tls: Option<Box<ClientConnection>>,
}

impl Opened {
    /// Whether the other side still holds it, with nothing that nobody has asked for.
    pub(super) fn is_fit(&mut self, call: &Call) -> bool {
        match (self.socket.peek(), &mut self.tls) {
            (Idle::Quiet, _) => true,
            // Session tickets may come at any time and are no answer to anything.
            (Idle::Bytes, Some(tls)) => {
                let mut carrier = Carrier {
                    socket: &mut self.socket,
                    call,
                    until: call.deadline,
                };
                tls.read_tls(&mut carrier).is_ok_and(|count| count > 0)
                    && tls.process_new_packets().is_ok_and(|state| {
                        state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed()
                    })
                    && matches!(self.socket.peek(), Idle::Quiet)
            }
            _ => false,
        }
    }
}

pub(super) fn open(
    target: &Target,
    names: &Names,
    tls: &Tls,
    call: &Call,
    until: Deadline,
    report: &mut ConnectionReport,
) -> Result<Opened, Failure> {
    let began = Instant::now();
    let addresses = names.resolve(&target.host, call, until)?;
    report.resolved = Some((addresses.clone(), began.elapsed()));

    let began = Instant::now();
    let socket_addresses: Vec<_> = addresses
        .into_iter()
        .map(|address| SocketAddr::new(address, target.port))
        .collect();
    let (socket, address) =
        dial(&socket_addresses, call, until).inspect_err(|_| names.forget(&target.host))?;
    report.connected = Some((address, began.elapsed()));
    call.cancel
        .attach(Arc::new(SocketInterrupt(Arc::clone(&socket))));

    let mut socket = DeadlineSocket::new(socket);
    if !target.secure {
        return Ok(Opened { socket, tls: None });
    }
    let began = Instant::now();
    let connection = tls.connect(&target.host, &mut socket, call, until)?;
    report.tls = Some(TlsReport {
        protocol: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "unknown",
        },
        certificates: connection
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .map(|certificate| certificate.to_vec())
            .collect(),
        elapsed: began.elapsed(),
    });
    Ok(Opened {
        socket,
        tls: Some(Box::new(connection)),
    })
}
