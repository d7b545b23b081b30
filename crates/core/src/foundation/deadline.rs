//! The moment by which a call has ended, whatever the network does.

use std::time::{Duration, Instant};

/// A point in time, made once per call and handed to everything the call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// What is left, or `None` once the moment has passed.
    pub(crate) fn remaining(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    pub(crate) fn earlier_of(self, other: Self) -> Self {
        self.min(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_remains_of_a_moment_that_has_passed() {
        assert_eq!(Deadline::after(Duration::ZERO).remaining(), None);
        assert!(
            Deadline::after(Duration::from_secs(60)).remaining() > Some(Duration::from_secs(50))
        );
    }
}
