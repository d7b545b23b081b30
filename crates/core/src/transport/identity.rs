//! The certificate that a client shows to a service that asks for one.

use super::trust::read_certificates;
use crate::config::{ClientCertificate, PemSource};
use crate::model::Error;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};
use std::sync::Arc;

/// Reads certificate and key, and checks that they belong together.
pub(super) fn read(certificate: &ClientCertificate) -> Result<Arc<CertifiedKey>, Error> {
    let ClientCertificate { chain, key } = certificate;
    let private = read_key(key)?;
    let signer = ring::default_provider()
        .key_provider
        .load_private_key(private)
        .map_err(|error| key.wrong(&format!("its private key cannot be used: {error}")))?;
    let certified = CertifiedKey::new(read_certificates(chain)?, signer);
    match certified.keys_match() {
        Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => {
            Ok(Arc::new(certified))
        }
        Err(TlsError::InconsistentKeys(_)) => Err(key.wrong(
            "its private key is not that of the first certificate of client_cert_file or client_cert_pem",
        )),
        Err(error) => Err(chain.wrong(&format!("its first certificate cannot be used: {error}"))),
    }
}

fn read_key(source: &PemSource) -> Result<PrivateKeyDer<'static>, Error> {
    let text = source.read()?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        source.wrong(&match error {
            pem::Error::NoItemsFound if is_encrypted(&text) => {
                "its private key is encrypted; decrypt it with openssl pkey -in FILE -out FILE"
                    .to_owned()
            }
            pem::Error::NoItemsFound => {
                "holds no private key; it must have a block such as -----BEGIN PRIVATE KEY-----"
                    .to_owned()
            }
            other => format!("is not PEM: {other}"),
        })
    })
}

fn is_encrypted(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).contains("ENCRYPTED")
}
