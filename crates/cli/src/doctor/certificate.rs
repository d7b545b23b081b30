//! Who issued a certificate and until when.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Sooner than this, somebody should look after it.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// What is worth knowing about a certificate.
#[derive(Debug)]
pub(super) struct Certificate {
    subject: String,
    issuer: String,
    valid_until: String,
    /// Seconds since 1970.
    ends: u64,
}

impl Certificate {
    pub(super) fn ends_soon(&self) -> bool {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        now.saturating_add(SOON).as_secs() > self.ends
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "certificate of {} issued by {}, valid until {}",
            self.subject, self.issuer, self.valid_until
        )
    }
}

/// Reads a certificate in DER.
pub(super) fn describe(der: &[u8]) -> Result<Certificate, String> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    let ends = certificate.validity().not_after;
    Ok(Certificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        valid_until: ends.to_datetime().date().to_string(),
        ends: u64::try_from(ends.timestamp()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        assert!(describe(b"no certificate").is_err());
    }
}
