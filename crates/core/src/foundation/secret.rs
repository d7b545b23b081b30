//! A string that cannot be printed, and that is wiped when it is given back.

use std::fmt;
use zeroize::Zeroizing;

/// What stands in place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// A key or a token. It has no `Display`, and its `Debug` says only that it is there.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that puts it into a header.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(set)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    /// The text is taken, not copied.
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Wipes memory that held a secret and goes on being used, at the cost of a memset.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    zeroize::optimization_barrier(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        let secret = Secret::new("canary-key");
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(set) Secret(set)");
    }
}
