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
            Content::File(path) => std::fs::read(path).map_err(|error| {
                self.wrong(&format!("cannot be read: {error}"))
                    .with_source(error)
            }),
            Content::Memory(text) => Ok(text.reveal().as_bytes().to_vec()),
        }
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
