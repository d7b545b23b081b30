//! From a host to a connection that is ready for a request: name, TCP, proxy, TLS.

use super::carrier::{self, Bytes, Carrier};
use super::failure::Failure;
use super::names::Names;
use super::proxy;
use super::report::{ConnectionReport, TlsReport};
use super::route::{Route, Target};
use super::socket::Idle;
use super::stream::Stream;
use super::tls::{Peer, Tls};
use crate::call::Call;
use crate::foundation::deadline::Deadline;
use rustls::{ClientConnection, ProtocolVersion};
use std::io::{self, Write};
use std::time::Instant;

/// A connection that no request has used yet.
pub(super) struct Opened {
    pub(super) stream: Stream,
    pub(super) tls: Option<Box<ClientConnection>>,
}

impl Opened {
    /// Hands all of it to the network; `on_sent` hears of every piece that went.
    pub(super) fn send(
        &mut self,
        bytes: &[u8],
        call: &Call,
        mut on_sent: impl FnMut(usize),
    ) -> io::Result<()> {
        match &mut self.tls {
            None => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let count = self.stream.send(rest, call, call.deadline)?;
                    on_sent(count);
                    rest = rest.get(count..).unwrap_or_default();
                }
            }
            Some(tls) => {
                tls.writer().write_all(bytes)?;
                let mut carrier = Carrier::new(&mut self.stream, call, call.deadline);
                while tls.wants_write() {
                    on_sent(tls.write_tls(&mut carrier)?);
                }
            }
        }
        self.stream.flush(call, call.deadline)
    }

    /// Waits until something has come, no longer than the call may. What goes wrong meanwhile, receiving tells.
    pub(super) fn wait(&mut self, call: &Call) {
        if self.tls.as_mut().is_none_or(|tls| nothing_is_unread(tls)) {
            self.stream.wait(call, call.deadline);
        }
    }

    /// Reads what has come, waiting for it no longer than the call may.
    pub(super) fn receive(&mut self, buffer: &mut [u8], call: &Call) -> io::Result<usize> {
        match &mut self.tls {
            None => self.stream.receive(buffer, call, call.deadline),
            Some(tls) => {
                let mut carrier = Carrier::new(&mut self.stream, call, call.deadline);
                carrier::receive(tls, &mut carrier, buffer)
            }
        }
    }

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

pub(super) fn open(
    target: &Target,
    names: &Names,
    tls: &Tls,
    call: &Call,
    until: Deadline,
    report: &mut ConnectionReport,
) -> Result<Opened, Failure> {
    let route = Route {
        names,
        tls,
        call,
        until,
    };
    let mut stream = match &target.proxy {
        None => Stream::new(route.reach(&target.host, target.port, report)?, None),
        Some(proxy) => proxy::open(proxy, target, route, report)?,
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
