//! The route to a server, as far as all routes are the same: its name, and TCP.

use super::dial::dial;
use super::failure::Failure;
use super::names::Names;
use super::report::ConnectionReport;
use super::socket::DeadlineSocket;
use super::tls::Tls;
use crate::call::Call;
use crate::config::Proxy;
use crate::foundation::deadline::Deadline;
use crate::model::BaseUrl;
use std::net::SocketAddr;
use std::time::Instant;

/// The server a client talks to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) secure: bool,
    pub(super) proxy: Option<Proxy>,
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
}

/// What every step on the route to a server needs.
#[derive(Clone, Copy)]
pub(super) struct Route<'a> {
    pub(super) names: &'a Names,
    pub(super) tls: &'a Tls,
    pub(super) call: &'a Call,
    pub(super) until: Deadline,
}

impl Route<'_> {
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
        let mut addresses = names.resolve(host, call, until)?;
        let found = addresses.iter().map(SocketAddr::ip).collect();
        report.resolved = Some((found, began.elapsed()));

        let began = Instant::now();
        for address in &mut addresses {
            address.set_port(port);
        }
        let (socket, address) =
            dial(&addresses, call, until).inspect_err(|_| names.forget(host))?;
        report.connected = Some((address, began.elapsed()));
        call.cancel.attach(socket.clone());
        Ok(DeadlineSocket::new(socket))
    }
}
