//! The certificate authorities of this system, read once per process.

use crate::foundation::sys::rights;
use once_cell::race::OnceBox;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use std::path::Path;
use std::sync::Arc;

/// What names other authorities than the system's, as OpenSSL reads it too.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Where the distributions of Linux keep them in one file.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Two threads that come first together both read them and one result is kept, so that no lock is needed.
static VERIFIER: OnceBox<Arc<WebPkiServerVerifier>> = OnceBox::new();

/// Checks certificates against the system's authorities; or says why there are none. They are then read again next time.
pub(super) fn verifier(
    provider: &Arc<CryptoProvider>,
) -> Result<&'static WebPkiServerVerifier, String> {
    VERIFIER
        .get_or_try_init(|| {
            let builder = WebPkiServerVerifier::builder_with_provider(
                Arc::new(read()?),
                Arc::clone(provider),
            );
            let verifier = builder.build().map_err(|error| error.to_string())?;
            Ok(Box::new(verifier))
        })
        .map(Arc::as_ref)
}

fn read() -> Result<RootCertStore, String> {
    // The environment is the starter's, who must not choose whom a program with more rights trusts.
    let is_raised = rights::are_raised();
    let found = match is_raised {
        false => rustls_native_certs::load_native_certs(),
        true => {
            let bundle = BUNDLES.iter().map(Path::new).find(|path| path.exists());
            rustls_native_certs::load_certs_from_paths(bundle, None)
        }
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if !store.is_empty() {
        return Ok(store);
    }
    let named = VARIABLES.iter().filter(|_| !is_raised).filter_map(|name| {
        Some(format!(
            " ({name} is {})",
            std::env::var_os(name)?.display()
        ))
    });
    let named: String = named.collect();
    let problems: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    Err(match problems.is_empty() {
        true => format!("this system has no certificate authorities{named}"),
        false => format!(
            "the certificate authorities of this system cannot be read{named}: {}",
            problems.join("; ")
        ),
    })
}
