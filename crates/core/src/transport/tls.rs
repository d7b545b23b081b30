//! TLS 1.2 and 1.3 by rustls, over bytes that keep the call's deadline.

use super::carrier::{Bytes, Carrier};
use super::failure::{Cause, Failure, in_words, stop_of};
use super::trust::{self, Authorities, Trust};
use crate::call::{Call, Stop};
use crate::foundation::deadline::Deadline;
use crate::model::Phase;
use once_cell::race::OnceBox;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, SupportedProtocolVersion};
use std::io;
use std::sync::Arc;

/// How many sessions are remembered for resumption. There is one server, and a ticket is used once.
const REMEMBERED_SESSIONS: usize = 64;

/// Versions of TLS that are spoken.
pub(super) type Versions = &'static [&'static SupportedProtocolVersion];

pub(super) static ALL_VERSIONS: Versions = rustls::ALL_VERSIONS;
pub(super) static ONLY_TLS_13: Versions = &[&TLS13];

/// Who is at the other end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// It is shown the client's certificate, if it asks for one.
    Service,
    Proxy,
}

impl Peer {
    fn phase(self) -> Phase {
        match self {
            Self::Service => Phase::Tls,
            Self::Proxy => Phase::Proxy,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Service => "the server",
            Self::Proxy => "the proxy",
        }
    }
}

/// The TLS configurations of a client, each made when the first handshake needs it.
pub(super) struct Tls {
    authorities: Authorities,
    versions: Versions,
    identity: Option<Arc<CertifiedKey>>,
    with_service: OnceBox<Arc<ClientConfig>>,
    with_proxy: OnceBox<Arc<ClientConfig>>,
}

impl Tls {
    pub(super) fn new(
        authorities: Authorities,
        versions: Versions,
        identity: Option<Arc<CertifiedKey>>,
    ) -> Self {
        Self {
            authorities,
            versions,
            identity,
            with_service: OnceBox::new(),
            with_proxy: OnceBox::new(),
        }
    }

    fn config(&self, peer: Peer) -> Result<Arc<ClientConfig>, String> {
        let config = match peer {
            Peer::Service => &self.with_service,
            Peer::Proxy => &self.with_proxy,
        };
        config
            .get_or_try_init(|| self.build(peer).map(Arc::new).map(Box::new))
            .cloned()
    }

    fn build(&self, peer: Peer) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let trust = Trust::new(Arc::clone(&provider), self.authorities.clone())?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(trust));
        let mut config = match &self.identity {
            Some(identity) if peer == Peer::Service => builder
                .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(identity)))),
            _ => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::in_memory_sessions(REMEMBERED_SESSIONS);
        Ok(config)
    }

    /// Makes the handshake. Not one byte of a request is sent before it is complete.
    pub(super) fn connect(
        &self,
        peer: Peer,
        host: &str,
        bytes: &mut impl Bytes,
        call: &Call,
        until: Deadline,
    ) -> Result<ClientConnection, Failure> {
        let unusable = |problem: String| Failure::new(Cause::Tls, peer.phase(), problem);
        let name = trust::server_name(host).map_err(unusable)?;
        let config = self.config(peer).map_err(unusable)?;
        let mut connection =
            ClientConnection::new(config, name).map_err(|error| unusable(error.to_string()))?;
        while connection.is_handshaking() {
            connection
                .complete_io(&mut Carrier::new(bytes, call, until))
                .map_err(|error| handshake_failure(error, peer, host, call))?;
        }
        connection.set_buffer_limit(None);
        Ok(connection)
    }
}

fn handshake_failure(error: io::Error, peer: Peer, host: &str, call: &Call) -> Failure {
    let (phase, name) = (peer.phase(), peer.name());
    if let Some(stop) = stop_of(&error) {
        if stop == Stop::DeadlinePassed && call.time_left().is_some() {
            return Failure::new(
                Cause::ConnectTimeout,
                phase,
                format!("{name} does not go on with the handshake"),
            );
        }
        return Failure::stopped(stop, phase);
    }
    let of_tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let (cause, words) = match of_tls {
        Some(error) => match trust::refusal(error, host) {
            Some(refusal) => (Cause::Certificate, refusal),
            None => (Cause::Tls, in_words(error)),
        },
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            (Cause::Tls, format!("{name} ended the handshake"))
        }
        None => (Cause::Tls, error.to_string()),
    };
    Failure::new(cause, phase, words).with_source(error)
}
