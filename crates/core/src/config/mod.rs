//! What a client is made from: options, each with the source it came from.

mod config;
mod file;
mod no_proxy;
mod options;
mod pem;
mod proxy;
mod settings;
mod source;

pub use config::Config;
pub use options::{OPTIONS, OptionKind, OptionSpec};
pub(crate) use pem::{ClientCertificate, PemSource};
pub(crate) use proxy::{Proxy, ProxyCredentials, ProxyProtocol};
pub(crate) use settings::{Credentials, Settings};
pub use source::{Origin, SettingDescription};
