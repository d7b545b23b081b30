//! From a host to a connection that is ready for a request: name, TCP, proxy, TLS.

use super::dial::dial;
use super::failure::Failure;
use super::names::Names;
use super::proxy;
use super::socket::{DeadlineSocket, Idle};
use super::stream::Stream;
use super::tls::{Carrier, Peer, Tls};
use crate::call::Call;
use crate::config::Proxy;
use crate::foundation::deadline::Deadline;
use crate::model::BaseUrl;
use rustls::{ClientConnection, ProtocolVersion};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// The server a client talks to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    secure: bool,
    proxy: Option<Proxy>,
}

impl Target {
    pub(super) fn new(base: &BaseUrl, proxy: Option<Proxy>) -> Self {
        Self {
            proxy,
            host: base.host.clone(),
            port: base.port,
            secure: base.secure,
        }
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }
}

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

/// A connection that no request has used yet.
pub(super) struct Opened {
    pub(super) stream: Stream,
    pub(super) tls: Option<Box<ClientConnection>>,
}

impl Opened {
    /// Whether the other side still holds it, with nothing that nobody has asked for.
    pub(super) fn is_fit(&mut self, call: &Call) -> bool {
        match (self.stream.idle(call), &mut self.tls) {
            (Idle::Quiet, None) => true,
            (Idle::Quiet, Some(tls)) => nothing_is_unread(tls),
            // Session tickets may come at any time and are no answer to anything.
            (Idle::Bytes, Some(tls)) => {
                tls.read_tls(&mut Carrier::new(&mut self.stream, call, call.deadline))
                    .is_ok_and(|count| count > 0)
                    && nothing_is_unread(tls)
                    && matches!(self.stream.idle(call), Idle::Quiet)
            }
            _ => false,
        }
    }
}

fn nothing_is_unread(tls: &mut ClientConnection) -> bool {
    tls.process_new_packets()
        .is_ok_and(|state| state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed())
}

/// What every step on the way to a server needs.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) names: &'a Names,
    pub(super) tls: &'a Tls,
    pub(super) call: &'a Call,
    pub(super) until: Deadline,
}

impl Way<'_> {
    /// Resolves a host and connects to it.
    pub(super) fn reach(
        &self,
        host: &str,
        port: u16,
        report: &mut ConnectionReport,
    ) -> Result<DeadlineSocket, Failure> {
        let Self {
            names, call, until, ..
        } = *self;
        let began = Instant::now();
        let addresses = names.resolve(host, call, until)?;
        report.resolved = Some((addresses.clone(), began.elapsed()));

        let began = Instant::now();
        let socket_addresses: Vec<_> = addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, port))
            .collect();
        let (socket, address) =
            dial(&socket_addresses, call, until).inspect_err(|_| names.forget(host))?;
        report.connected = Some((address, began.elapsed()));
        call.cancel.attach(socket.clone());
        Ok(DeadlineSocket::new(socket))
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
    let way = Way {
        names,
        tls,
        call,
        until,
    };
    let mut stream = match &target.proxy {
        None => Stream::new(way.reach(&target.host, target.port, report)?, None),
        Some(proxy) => proxy::open(proxy, target, way, report)?,
    };
    if !target.secure {
        return Ok(Opened { stream, tls: None });
    }
    let began = Instant::now();
    let connection = tls.connect(Peer::Service, &target.host, &mut stream, call, until)?;
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
        stream,
        tls: Some(Box::new(connection)),
    })
}
