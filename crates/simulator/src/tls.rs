use crate::error::TlsError;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use std::fmt;
use std::sync::Arc;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};

const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate with its key, for serving TLS, and the authority by which a client can trust it.
///
/// The ones that the simulator makes are new each time and exist in memory only.
#[derive(Clone)]
pub struct TlsIdentity {
    certificate_pem: String,
    key_pem: String,
    ca_pem: String,
}

/// Shows no key.
impl fmt::Debug for TlsIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TlsIdentity")
            .field("certificate_pem", &self.certificate_pem)
            .field("ca_pem", &self.ca_pem)
            .finish_non_exhaustive()
    }
}

impl TlsIdentity {
    /// A certificate for `localhost`, `127.0.0.1` and `::1` by an authority of its own.
    ///
    /// # Errors
    ///
    /// When no key can be made.
    pub fn generate() -> Result<Self, TlsError> {
        Self::for_names(&OWN_NAMES)
    }

    /// A certificate for these names and addresses by an authority of its own. A client that asks for
    /// another name should refuse it.
    ///
    /// # Errors
    ///
    /// When a name cannot be in a certificate.
    pub fn for_names(names: &[&str]) -> Result<Self, TlsError> {
        Self::issued(&leaf(names)?)
    }

    /// As [`generate`](Self::generate), but it ran out in the year 2001.
    ///
    /// # Errors
    ///
    /// When no key can be made.
    pub fn expired() -> Result<Self, TlsError> {
        let mut params = leaf(&OWN_NAMES)?;
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        Self::issued(&params)
    }

    /// As [`generate`](Self::generate), but it becomes valid in the year 2090 only.
    ///
    /// # Errors
    ///
    /// When no key can be made.
    pub fn not_yet_valid() -> Result<Self, TlsError> {
        let mut params = leaf(&OWN_NAMES)?;
        params.not_before = date_time_ymd(2090, 1, 1);
        params.not_after = date_time_ymd(2095, 1, 1);
        Self::issued(&params)
    }

    /// A certificate for the simulator's names that no authority has signed.
    ///
    /// # Errors
    ///
    /// When no key can be made.
    pub fn self_signed() -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let certificate_pem = leaf(&OWN_NAMES)?.self_signed(&key)?.pem();
        Ok(Self {
            ca_pem: certificate_pem.clone(),
            certificate_pem,
            key_pem: key.serialize_pem(),
        })
    }

    /// A certificate chain, the server's own first, and its private key, as PEM texts.
    ///
    /// # Errors
    ///
    /// When a text holds no certificate or no key.
    pub fn from_pem(chain: &str, key: &str) -> Result<Self, TlsError> {
        let identity = Self {
            certificate_pem: chain.to_owned(),
            key_pem: key.to_owned(),
            ca_pem: chain.to_owned(),
        };
        identity.chain()?;
        identity.key()?;
        Ok(identity)
    }

    /// The certificate to trust: the authority's; the whole chain where it was handed over.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The server's certificate.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_single_cert(self.chain()?, self.key()?)?;
        config.ticketer = ring::Ticketer::new()?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn issued(leaf: &CertificateParams) -> Result<Self, TlsError> {
        let authority = CertifiedIssuer::self_signed(authority()?, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &authority)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            ca_pem: authority.pem(),
        })
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let unreadable = |reason: String| TlsError::Pem {
            what: "certificate chain",
            reason,
        };
        let chain = CertificateDer::pem_slice_iter(self.certificate_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unreadable(error.to_string()))?;
        if chain.is_empty() {
            return Err(unreadable("it holds no certificate".to_owned()));
        }
        Ok(chain)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).map_err(|error| TlsError::Pem {
            what: "private key",
            reason: error.to_string(),
        })
    }
}

fn authority() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "polyai-chat simulator authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 1, 1);
    Ok(params)
}

fn leaf(names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>(),
    )?;
    params
        .distinguished_name
        .push(DnType::CommonName, "polyai-chat simulator");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 1, 1);
    Ok(params)
}
