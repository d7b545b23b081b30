//! PEM that an option holds, or that stands in the file it names.

use super::config::Config;
use super::source::{Setting, Value, one_choice};
use crate::foundation::secret::Secret;
use crate::model::Error;
use std::path::PathBuf;

/// Where the client's certificate and its key are.
#[derive(Debug, Clone)]
pub(crate) struct ClientCertificate {
    pub(crate) chain: PemSource,
    pub(crate) key: PemSource,
}

/// Where some PEM is, and what says so.
#[derive(Debug, Clone)]
pub(crate) struct PemSource {
    /// The option and where its value came from, for errors.
    label: String,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    File(PathBuf),
    /// Possibly a key.
    Memory(Secret),
}

impl PemSource {
    pub(super) fn new(name: &str, setting: &Setting) -> Self {
        Self {
            label: format!("{name} ({})", setting.origin),
            content: match &setting.value {
                Value::Text(path) if name.ends_with("_file") => Content::File(PathBuf::from(path)),
                Value::Text(text) => Content::Memory(Secret::new(text.as_str())),
                Value::Secret(secret) => Content::Memory(secret.clone()),
                Value::Flag(_) | Value::Number(_) => Content::Memory(Secret::new("")),
            },
        }
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, Error> {
        match &self.content {
            Content::File(path) => {
                let bytes = std::fs::read(path).map_err(|error| {
                    self.wrong(&format!("cannot be read: {error}"))
                        .with_source(error)
                })?;
                self.plain(bytes)
            }
            Content::Memory(text) => self.plain(text.reveal().as_bytes().to_vec()),
        }
    }

    /// The text without what an editor puts around it; or what it is, where it is no PEM that can be read.
    fn plain(&self, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
        let plain = match bytes.as_slice() {
            [0xef, 0xbb, 0xbf, rest @ ..] => rest.to_vec(),
            [0xff, 0xfe, rest @ ..] => from_utf16(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => from_utf16(rest, u16::from_be_bytes),
            [0x30, 0x80..=0x84, ..] => {
                return Err(self.wrong(
                    "is DER or PKCS#12, not PEM; convert it with openssl x509 -inform DER, or openssl pkcs12",
                ));
            }
            _ => bytes,
        };
        for (block, remedy) in [
            ("TRUSTED CERTIFICATE", "openssl x509 -in FILE -out FILE"),
            ("PKCS7", "openssl pkcs7 -print_certs -in FILE -out FILE"),
        ] {
            if contains(&plain, &format!("-----BEGIN {block}-----")) {
                return Err(self.wrong(&format!(
                    "holds a block {block}, which only OpenSSL reads; convert it with {remedy}"
                )));
            }
        }
        Ok(plain)
    }

    /// The error that blames it.
    pub(crate) fn wrong(&self, problem: &str) -> Error {
        let label = &self.label;
        Error::configuration(match &self.content {
            Content::File(path) => format!("{label}: {}: {problem}", path.display()),
            Content::Memory(_) => format!("{label}: {problem}"),
        })
    }
}

/// Text in UTF-16; what is none becomes characters that no PEM holds.
fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| {
            unit([
                pair.first().copied().unwrap_or(0),
                pair.get(1).copied().unwrap_or(0),
            ])
        })
        .collect();
    String::from_utf16_lossy(&units).into_bytes()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

impl Config {
    pub(super) fn client_certificate(&self) -> Result<Option<ClientCertificate>, Error> {
        let chain = self.pem(["client_cert_file", "client_cert_pem"])?;
        let key = self.pem(["client_key_file", "client_key_pem"])?;
        match (chain, key) {
            (None, None) => Ok(None),
            (Some(chain), Some(key)) => Ok(Some(ClientCertificate { chain, key })),
            (Some(chain), None) => Err(chain
                .wrong("its private key is missing; set client_key_file or client_key_pem too")),
            (None, Some(key)) => Err(key
                .wrong("its certificate is missing; set client_cert_file or client_cert_pem too")),
        }
    }

    /// The strongest source of either option; two of them in one source are an error.
    fn pem(&self, names: [&'static str; 2]) -> Result<Option<PemSource>, Error> {
        for layer in self.layers() {
            let chosen: Vec<(&str, &Setting)> = names
                .iter()
                .filter_map(|name| Some((*name, layer.get(name)?)))
                .collect();
            return match chosen.as_slice() {
                [] => continue,
                [(name, setting)] => Ok(Some(PemSource::new(name, setting))),
                several => Err(one_choice(several)),
            };
        }
        Ok(None)
    }
}
