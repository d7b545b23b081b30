//! Whom we believe: the system's certificate authorities and the caller's own.

use crate::config::PemSource;
use crate::model::{Error, literal_address};
use once_cell::race::OnceBox;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use std::fmt;
use std::sync::Arc;

/// The system's trust store, parsed once per process when the first certificate is checked against it. Two threads
/// that come first together both parse it and one result is kept, so that no lock is needed.
static SYSTEM: OnceBox<rustls_platform_verifier::Verifier> = OnceBox::new();

/// Reads the certificate authorities of some PEM.
pub(super) fn read_roots(source: &PemSource) -> Result<Vec<CertificateDer<'static>>, Error> {
    let roots = read_certificates(source)?;
    let mut store = RootCertStore::empty();
    for (index, root) in roots.iter().enumerate() {
        store.add(root.clone()).map_err(|error| {
            source.wrong(&format!(
                "its certificate number {} cannot be used: {error}",
                index + 1
            ))
        })?;
    }
    Ok(roots)
}

/// Reads the certificates of some PEM; there is one at least.
pub(super) fn read_certificates(source: &PemSource) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&source.read()?)
        .collect::<Result<_, _>>()
        .map_err(|error| source.wrong(&format!("is not PEM: {error}")))?;
    match certificates.is_empty() {
        false => Ok(certificates),
        true => Err(source.wrong(
            "holds no certificate; it must have a block that begins with -----BEGIN CERTIFICATE-----",
        )),
    }
}

/// Checks a server's certificate and says in words why it is refused.
#[derive(Debug)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    extra: Option<Arc<WebPkiServerVerifier>>,
}

impl Trust {
    pub(super) fn new(
        provider: Arc<CryptoProvider>,
        extra_roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, String> {
        let mut store = RootCertStore::empty();
        for root in extra_roots {
            store.add(root).map_err(|error| error.to_string())?;
        }
        let extra = match store.is_empty() {
            true => None,
            false => Some(
                WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
                    .build()
                    .map_err(|error| error.to_string())?,
            ),
        };
        Ok(Self { provider, extra })
    }

    fn system(&self) -> Result<&'static rustls_platform_verifier::Verifier, rustls::Error> {
        SYSTEM.get_or_try_init(|| {
            rustls_platform_verifier::Verifier::new(Arc::clone(&self.provider)).map(Box::new)
        })
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let by = |verifier: &dyn ServerCertVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let refusal = match self.extra.as_deref().map(|extra| by(extra)) {
            Some(Ok(verified)) => return Ok(verified),
            // The caller's authorities know the issuer, so their reason is the better one.
            Some(Err(refusal)) if !is_unknown_issuer(&refusal) => refusal,
            _ => match by(self.system()?) {
                Ok(verified) => return Ok(verified),
                Err(refusal) => refusal,
            },
        };
        Err(match refusal {
            rustls::Error::InvalidCertificate(reason) => {
                let words = refusal_in_words(&reason, end_entity, server_name);
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(
                    Refused(words),
                ))))
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Why a certificate was refused, in words.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// The words of a refused certificate, if that is what an error of the TLS library is about.
pub(super) fn refusal(error: &rustls::Error) -> Option<String> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => inner
            .downcast_ref::<Refused>()
            .map(|refused| refused.0.clone()),
        _ => None,
    }
}

fn is_unknown_issuer(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)
    )
}

fn refusal_in_words(
    reason: &CertificateError,
    end_entity: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
) -> String {
    let host = server_name.to_str();
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!(
                "the certificate of {host} has expired; check this machine's clock, or have it renewed"
            )
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of {host} is not valid yet; check this machine's clock")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!(
                "the certificate is not for {host}; check the base URL, or who answers in its place{}",
                presented(reason)
            )
        }
        CertificateError::Revoked => format!("the certificate of {host} has been revoked"),
        _ if is_self_signed(end_entity) => {
            format!(
                "the certificate of {host} is self-signed; add it with ca_file or ca_pem if that is meant"
            )
        }
        CertificateError::UnknownIssuer => {
            format!(
                "the issuer of the certificate of {host} is not trusted here; add its authority with ca_file or ca_pem if that is meant"
            )
        }
        other => format!("the certificate of {host} cannot be accepted: {other}"),
    }
}

fn presented(reason: &CertificateError) -> String {
    match reason {
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            format!(" (it is for {})", presented.join(", "))
        }
        _ => String::new(),
    }
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate)
        .is_ok_and(|parsed| parsed.issuer() == parsed.subject())
}

/// The name that a host's certificate is checked against.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    match literal_address(host) {
        Some(address) => Ok(ServerName::IpAddress(address.into())),
        None => ServerName::try_from(host.to_owned())
            .map_err(|_| format!("{host:?} is not a host name")),
    }
}
