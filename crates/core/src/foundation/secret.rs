//! A string that cannot be printed, and that is wiped when it is given back.

use std::fmt;
use std::ops::{Deref, DerefMut};
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
pub(crate) fn wipe<T: Copy + Default>(values: &mut [T]) {
    values.fill(T::default());
    zeroize::optimization_barrier(values);
}

/// A vector that is wiped when it is dropped. Memory that it outgrows is not, so it is made as large as it gets.
#[derive(Default)]
pub(crate) struct WipedOnDrop<T: Copy + Default>(Vec<T>);

impl<T: Copy + Default> WipedOnDrop<T> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }
}

impl<T: Copy + Default> Drop for WipedOnDrop<T> {
    /// Out of line, since there are many.
    #[cold]
    #[inline(never)]
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl<T: Copy + Default> FromIterator<T> for WipedOnDrop<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T: Copy + Default> Deref for WipedOnDrop<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Copy + Default> DerefMut for WipedOnDrop<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
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
