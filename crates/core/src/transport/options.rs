//! What a connection needs to know of the settings.

use super::route::Target;
use super::tls::Versions;
use super::trust::Authorities;
use crate::foundation::clock::Clock;
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use std::time::Duration;

/// The largest answer that is read.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_body_bytes: usize,
    pub(super) max_header_bytes: usize,
}

pub(super) struct TransportOptions {
    pub(super) target: Target,
    pub(super) authorities: Authorities,
    pub(super) tls_versions: Versions,
    pub(super) identity: Option<Arc<CertifiedKey>>,
    pub(super) connect_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) max_idle_connections: usize,
    pub(super) name_ttl: Duration,
    pub(super) clock: Clock,
    pub(super) limits: Limits,
}
