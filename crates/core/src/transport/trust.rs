//! Whom we believe: the system's certificate authorities and the caller's own.

use super::failure::{in_words, spelled};
use super::system_authorities;
use crate::config::PemSource;
use crate::foundation::foreign_words::{MOST_SHOWN_BYTES, bounded};
use crate::model::{Error, literal_address};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use std::fmt;
use std::sync::Arc;

/// Reads the certificate authorities of some PEM.
pub(super) fn read_roots(source: &PemSource) -> Result<Vec<CertificateDer<'static>>, Error> {
    let roots = read_certificates(source)?;
    let mut store = RootCertStore::empty();
    for (index, root) in roots.iter().enumerate() {
        store.add(root.clone()).map_err(|error| {
            source.wrong(&format!(
                "its certificate number {} cannot be used: {}",
                index + 1,
                in_words(&error)
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

/// Whose certificates are accepted.
#[derive(Debug, Clone)]
pub(super) struct Authorities {
    /// Those of the caller.
    pub(super) given: Vec<CertificateDer<'static>>,
    /// Whether those of the system are too.
    pub(super) system: bool,
}

/// Checks a server's certificate and says in words why it is refused.
#[derive(Debug)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    authorities: Authorities,
    by_given: Option<Arc<WebPkiServerVerifier>>,
}

impl Trust {
    pub(super) fn new(
        provider: Arc<CryptoProvider>,
        authorities: Authorities,
    ) -> Result<Self, String> {
        let mut store = RootCertStore::empty();
        for root in &authorities.given {
            store.add(root.clone()).map_err(|error| error.to_string())?;
        }
        let by_given = match store.is_empty() {
            true => None,
            false => Some(
                WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
                    .build()
                    .map_err(|error| error.to_string())?,
            ),
        };
        Ok(Self {
            provider,
            authorities,
            by_given,
        })
    }

    /// Whether it is a certificate that signed itself and that the caller gave, though it says that it is an authority's. It was
    /// found valid today before it was refused for that.
    fn is_given(
        &self,
        end_entity: &CertificateDer<'_>,
        server_name: &ServerName<'_>,
        refusal: &rustls::Error,
    ) -> bool {
        of_webpki(refusal) == Some(&webpki::Error::CaUsedAsEndEntity)
            && self.authorities.given.contains(end_entity)
            && webpki::EndEntityCert::try_from(end_entity).is_ok_and(|certificate| {
                certificate
                    .verify_is_valid_for_subject_name(server_name)
                    .is_ok()
            })
    }
}

impl ServerCertVerifier for Trust {
    /// Whichever authorities can build a chain decide; else the more useful refusal does.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let by = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let mut refusals = Vec::new();
        if let Some(by_given) = &self.by_given {
            match by(by_given) {
                Err(refusal) if !self.is_given(end_entity, server_name, &refusal) => {
                    refusals.push(refusal);
                }
                _ => return Ok(ServerCertVerified::assertion()),
            }
        }
        if self.authorities.system {
            match system_authorities::verifier(&self.provider).map(by) {
                Ok(Ok(verified)) => return Ok(verified),
                Ok(Err(refusal)) => refusals.push(refusal),
                Err(words) => refusals.push(refused(words)),
            }
        }
        // "Unknown issuer" says the least. Of two other refusals, that by the caller's own authorities says more.
        refusals.sort_by_key(is_unknown_issuer);
        let host = server_name.to_str();
        Err(match refusals.into_iter().next() {
            Some(rustls::Error::InvalidCertificate(reason)) => {
                refused(refusal_in_words(&reason, Some(end_entity), &host))
            }
            Some(other) => other,
            None => refused(format!(
                "no authority is trusted that could have issued the certificate of {host}; system_authorities is false"
            )),
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

fn refused(words: String) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(Refused(
        words,
    )))))
}

/// The words for a certificate of `host` that was refused, if that is what an error of the TLS library is about.
pub(super) fn refusal(error: &rustls::Error, host: &str) -> Option<String> {
    match error {
        rustls::Error::InvalidCertificate(reason) => Some(refusal_in_words(reason, None, host)),
        _ => None,
    }
}

fn is_unknown_issuer(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)
    )
}

/// What the checker of certificates itself said.
fn of_webpki(error: &rustls::Error) -> Option<&webpki::Error> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            inner.downcast_ref()
        }
        _ => None,
    }
}

fn refusal_in_words(
    reason: &CertificateError,
    end_entity: Option<&CertificateDer<'_>>,
    host: &str,
) -> String {
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
        CertificateError::BadSignature => format!(
            "a signature of the certificate of {host} is not accepted: its key is weaker than RSA with 2,048 bits, or another \
             authority of the same name signed it; have it renewed, or check who answers in its place"
        ),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => format!(
            "the certificate of {host} is signed in a way that is no longer accepted, such as with SHA-1; have it renewed"
        ),
        CertificateError::BadEncoding => format!("the certificate of {host} is damaged"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            format!("the certificate of {host} was not issued for a server")
        }
        CertificateError::UnhandledCriticalExtension => format!(
            "the certificate of {host} demands a check that is not made here, a critical extension"
        ),
        CertificateError::Other(OtherError(inner)) => {
            match (inner.downcast_ref::<Refused>(), inner.downcast_ref()) {
                (Some(Refused(words)), _) => words.clone(),
                (_, Some(error)) => rule_in_words(error, host),
                _ => rule_in_words(&webpki::Error::UnknownIssuer, host),
            }
        }
        _ if end_entity.is_some_and(is_self_signed) => {
            format!(
                "the certificate of {host} is self-signed; add it with ca_file or ca_pem if that is meant"
            )
        }
        CertificateError::UnknownIssuer => {
            format!(
                "the issuer of the certificate of {host} is not trusted here; add its authority with ca_file or ca_pem if that is meant"
            )
        }
        other => format!(
            "the certificate of {host} is not accepted: {}",
            spelled(other)
        ),
    }
}

/// Which rule for a chain of certificates is broken.
fn rule_in_words(error: &webpki::Error, host: &str) -> String {
    let rule = match error {
        webpki::Error::CaUsedAsEndEntity => {
            "it is an authority's; add it with ca_file or ca_pem if that server is meant to show it"
        }
        webpki::Error::EndEntityUsedAsCa => {
            "it was issued with a certificate that is no authority's"
        }
        webpki::Error::NameConstraintViolation => "its authority may not issue it for this name",
        webpki::Error::PathLenConstraintViolated => {
            "there are more authorities in between than allowed"
        }
        webpki::Error::UnsupportedCertVersion => "it is not of X.509 version 3; have it renewed",
        other => {
            return format!(
                "the certificate of {host} is not accepted: {}",
                spelled(other)
            );
        }
    };
    format!("the certificate of {host} is not accepted: {rule}")
}

/// The names that it is for, without the names of the types that the library puts around them.
fn presented(reason: &CertificateError) -> String {
    match reason {
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            let names = presented.iter().map(|name| {
                let inside = name
                    .split_once('(')
                    .map_or(name.as_str(), |(_, inside)| inside);
                inside.trim_end_matches(')').trim_matches('"')
            });
            let names = names.collect::<Vec<_>>().join(", ");
            format!(
                " (it is for {})",
                bounded(names.as_bytes(), MOST_SHOWN_BYTES)
            )
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
    let host = host.split_once('%').map_or(host, |(address, _)| address);
    match literal_address(host) {
        Some(address) => Ok(ServerName::IpAddress(address.into())),
        None => ServerName::try_from(host.to_owned())
            .map_err(|_| format!("{host:?} is not a host name")),
    }
}
