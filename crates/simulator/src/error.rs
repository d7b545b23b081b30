use crate::fault::FaultError;
use crate::script::ScriptError;
use std::io;
use std::net::SocketAddr;
use thiserror::Error;

/// Why a simulator could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimulatorError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The background thread or its event loop could not be made.
    #[error("cannot start the simulator's thread: {0}")]
    Thread(#[source] io::Error),
    /// The script cannot be used.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A fault cannot be used.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// The certificate could not be made or read.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Why a certificate could not be made or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Making a certificate failed.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// A PEM text that was handed over cannot be read.
    #[error("cannot read the {what}: {reason}")]
    Pem {
        /// Which text.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate and key do not make a TLS server.
    #[error("cannot serve TLS with this certificate: {0}")]
    Serve(#[from] tokio_rustls::rustls::Error),
}
