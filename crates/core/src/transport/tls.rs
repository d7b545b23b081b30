//! TLS 1.2 and 1.3 by rustls, over a socket that keeps the call's deadline.

use super::failure::{Cause, Failure, stop_of};
use super::socket::DeadlineSocket;
use super::trust::{self, Trust};
use crate::call::{Call, Stop};
use crate::deadline::Deadline;
use crate::error::Phase;
use once_cell::race::OnceBox;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection};
use std::io::{self, Read, Write};
use std::sync::Arc;

/// How many sessions are remembered for resumption. There is one server, and a ticket is used once.
const REMEMBERED_SESSIONS: usize = 64;

/// The TLS configuration of a client, made when the first handshake needs it.
pub(super) struct Tls {
    extra_roots: Vec<CertificateDer<'static>>,
    config: OnceBox<Arc<ClientConfig>>,
}

impl Tls {
    pub(super) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self {
            extra_roots,
            config: OnceBox::new(),
        }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, String> {
        self.config
            .get_or_try_init(|| self.build().map(Arc::new).map(Box::new))
            .cloned()
    }

    fn build(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let trust = Trust::new(Arc::clone(&provider), self.extra_roots.clone())?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(trust))
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(REMEMBERED_SESSIONS);
        Ok(config)
    }

    /// Makes the handshake. Not one byte of a request is sent before it is complete.
    pub(super) fn connect(
        &self,
        host: &str,
        socket: &mut DeadlineSocket,
        call: &Call,
        until: Deadline,
    ) -> Result<ClientConnection, Failure> {
        let unusable = |problem: String| Failure::new(Cause::Tls, Phase::Tls, problem);
        let name = trust::server_name(host).map_err(unusable)?;
        let config = self.config().map_err(unusable)?;
        let mut connection =
            ClientConnection::new(config, name).map_err(|error| unusable(error.to_string()))?;
        while connection.is_handshaking() {
            let mut carrier = Carrier {
                socket,
                call,
                until,
            };
            connection
                .complete_io(&mut carrier)
                .map_err(|error| handshake_failure(error, call))?;
        }
        connection.set_buffer_limit(None);
        Ok(connection)
    }
}

fn handshake_failure(error: io::Error, call: &Call) -> Failure {
    if let Some(stop) = stop_of(&error) {
        if stop == Stop::DeadlinePassed && call.deadline.remaining().is_some() {
            return Failure::new(
                Cause::ConnectTimeout,
                Phase::Tls,
                "the server does not go on with the handshake",
            );
        }
        return Failure::stopped(stop, Phase::Tls);
    }
    let of_tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let (cause, words) = match of_tls {
        Some(error) => match trust::refusal(error) {
            Some(refusal) => (Cause::Certificate, refusal),
            None => (Cause::Tls, error.to_string()),
        },
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            (Cause::Tls, "the server ended the handshake".to_owned())
        }
        None => (Cause::Tls, error.to_string()),
    };
    Failure::new(cause, Phase::Tls, words).with_source(error)
}

/// What rustls reads from and writes to.
pub(super) struct Carrier<'a> {
    pub(super) socket: &'a mut DeadlineSocket,
    pub(super) call: &'a Call,
    pub(super) until: Deadline,
}

impl Read for Carrier<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.receive(buffer, self.call, self.until)
    }
}

impl Write for Carrier<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.send(bytes, self.call, self.until)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
