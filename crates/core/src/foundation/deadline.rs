//! The moment by which a call has ended, whatever the network does.

use super::clock::Clock;
use std::time::{Duration, Instant};

/// A point in time, made once per call and handed to everything the call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(duration: Duration, clock: &Clock) -> Self {
        Self(clock.now() + duration)
    }

    /// What is left, or `None` once the moment has passed.
    pub(crate) fn remaining(self, clock: &Clock) -> Option<Duration> {
        let left = self.0.saturating_duration_since(clock.now());
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
    fn a_deadline_in_the_past_leaves_no_time() {
        let clock = Clock::movable();
        let deadline = Deadline::after(Duration::from_secs(60), &clock);
        assert!(deadline.remaining(&clock) > Some(Duration::from_secs(50)));
        clock.advance(Duration::from_secs(60));
        assert_eq!(deadline.remaining(&clock), None);
    }
}
