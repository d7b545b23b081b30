//! The clock that a client goes by: for deadlines, pauses, the breaker, and the age of names and of idle connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a wait by a clock that can be moved lasts before it looks at the clock again.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// The system's clock, or one that tests move instead of waiting. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// By how many nanoseconds it has been moved, where it can be.
    moved: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// A clock that goes as the system's does, and can be moved.
    #[must_use]
    pub fn movable() -> Self {
        Self {
            moved: Some(Arc::default()),
        }
    }

    /// Moves a movable clock forward, for all who go by it.
    pub fn advance(&self, by: Duration) {
        if let Some(moved) = &self.moved {
            let nanoseconds = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
            moved.fetch_add(nanoseconds, Ordering::Relaxed);
        }
    }

    pub(crate) fn now(&self) -> Instant {
        match &self.moved {
            None => Instant::now(),
            Some(moved) => Instant::now() + Duration::from_nanos(moved.load(Ordering::Relaxed)),
        }
    }

    /// How long ago that was.
    pub(crate) fn since(&self, moment: Instant) -> Duration {
        self.now().saturating_duration_since(moment)
    }

    /// How long to wait at a time for so much of this clock to pass.
    pub(crate) fn patience(&self, left: Duration) -> Duration {
        match self.moved {
            None => left,
            Some(_) => left.min(LOOK_INTERVAL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_movable_clock_can_be_moved_and_all_its_clones_with_it() {
        let day = Duration::from_secs(86_400);
        let (system, movable) = (Clock::default(), Clock::movable());
        let before = (system.now(), movable.now());
        system.advance(day);
        movable.clone().advance(day);
        assert!(system.since(before.0) < day);
        assert!(movable.since(before.1) >= day);
    }
}
