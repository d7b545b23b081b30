//! What is tried again by itself: never what may have been processed, and never so much that an outage is multiplied.

use crate::config::Settings;
use crate::foundation::sync::{Mutex, lock};
use crate::model::{Error, Repeat};
use std::time::Duration;

/// How often, and after which pauses.
#[derive(Debug, Clone)]
pub(crate) struct RetryPolicy {
    max_attempts: u64,
    backoff: Duration,
    max_backoff: Duration,
}

impl RetryPolicy {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            max_attempts: settings.max_attempts,
            backoff: settings.backoff,
            max_backoff: settings.max_backoff,
        }
    }

    /// How long to wait before the next attempt, if there is to be one. `random` is from 0 to 1.
    pub(crate) fn pause_after(
        &self,
        error: &Error,
        attempts_made: u64,
        is_close: bool,
        time_left: Duration,
        random: f64,
    ) -> Option<Duration> {
        let allowed = match error.repeat() {
            Repeat::Never => false,
            Repeat::AnyOperation => true,
            Repeat::CloseOnly => is_close,
        };
        if !allowed || attempts_made >= self.max_attempts {
            return None;
        }
        let pause = match (error.retry_after(), error.header("retry-after")) {
            // A moment that has passed is no reason to hurry.
            (Some(asked), _) => asked.max(self.backoff_after(attempts_made, random)),
            // It asks for something that cannot be understood, so anything we do may be too soon.
            (None, Some(_)) => return None,
            (None, None) => self.backoff_after(attempts_made, random),
        };
        (pause < time_left).then_some(pause)
    }

    /// Doubles with each attempt, and is cut by up to a half, so that clients which failed together come back apart.
    fn backoff_after(&self, attempts_made: u64, random: f64) -> Duration {
        let doublings = u32::try_from(attempts_made.saturating_sub(1))
            .unwrap_or(u32::MAX)
            .min(30);
        let full = self
            .backoff
            .saturating_mul(1 << doublings)
            .min(self.max_backoff);
        full.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
    }
}

/// What a retry costs and a success gives back, in tenths.
const RETRY_COST: u64 = 10;
const SUCCESS_REFUND: u64 = 1;

/// A client's common store of retries. While all is well it is full; in an outage it is empty soon, and each call then
/// costs the struggling service one request and not three.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    tenths: Mutex<u64>,
    full: u64,
}

impl RetryBudget {
    pub(crate) fn new(retries: u64) -> Self {
        let full = retries.saturating_mul(RETRY_COST);
        Self {
            tenths: Mutex::new(full),
            full,
        }
    }

    pub(crate) fn take(&self) -> bool {
        let mut tenths = lock(&self.tenths);
        match tenths.checked_sub(RETRY_COST) {
            Some(left) => {
                *tenths = left;
                true
            }
            None => false,
        }
    }

    pub(crate) fn refund(&self) {
        let mut tenths = lock(&self.tenths);
        *tenths = tenths.saturating_add(SUCCESS_REFUND).min(self.full);
    }

    /// How many retries are left.
    pub(crate) fn left(&self) -> u64 {
        *lock(&self.tenths) / RETRY_COST
    }
}

/// A random number from 0 to 1, different in every forked child.
pub(crate) fn random() -> f64 {
    // 32 of the 122 random bits of a UUID; retries are rare enough to ask the system for them.
    let bits =
        u32::try_from(uuid::Uuid::new_v4().as_u128() & u128::from(u32::MAX)).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ErrorKind;

    const LONG: Duration = Duration::from_secs(30);

    fn policy() -> RetryPolicy {
        RetryPolicy {
            max_attempts: 3,
            backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
        }
    }

    fn error(repeat: Repeat) -> Error {
        Error::new(ErrorKind::Connect, "x").with_repeat(repeat)
    }

    #[test]
    fn the_column_of_the_table_decides() {
        for (repeat, respond, close) in [
            (Repeat::Never, false, false),
            (Repeat::AnyOperation, true, true),
            (Repeat::CloseOnly, false, true),
        ] {
            let pause = |is_close| policy().pause_after(&error(repeat), 1, is_close, LONG, 0.0);
            assert_eq!(
                (pause(false).is_some(), pause(true).is_some()),
                (respond, close),
                "{repeat:?}"
            );
        }
    }

    #[test]
    fn pauses_double_up_to_their_limit_and_are_cut_by_up_to_a_half() {
        let policy = RetryPolicy {
            max_attempts: 100,
            ..policy()
        };
        for (attempts, longest) in [(1, 100), (2, 200), (5, 1600), (6, 2000), (99, 2000)] {
            let pause = |random| {
                policy
                    .pause_after(&error(Repeat::AnyOperation), attempts, false, LONG, random)
                    .unwrap()
            };
            assert_eq!(pause(0.0), Duration::from_millis(longest));
            assert_eq!(pause(1.0), Duration::from_millis(longest / 2));
        }
    }

    #[test]
    fn the_last_attempt_and_a_deadline_that_is_too_near_end_it() {
        let error = error(Repeat::AnyOperation);
        assert_eq!(policy().pause_after(&error, 3, false, LONG, 0.0), None);
        assert_eq!(
            policy().pause_after(&error, 1, false, Duration::from_millis(100), 0.0),
            None
        );
        let patient = error.with_retry_after(Some(Duration::from_secs(3600)));
        assert_eq!(policy().pause_after(&patient, 1, false, LONG, 0.0), None);
        let brief = patient.with_retry_after(Some(Duration::from_secs(2)));
        assert_eq!(
            policy().pause_after(&brief, 1, false, LONG, 0.0),
            Some(Duration::from_secs(2))
        );
    }

    #[test]
    fn the_budget_runs_dry_and_fills_slowly() {
        let budget = RetryBudget::new(2);
        assert!(budget.take() && budget.take() && !budget.take());
        for _ in 0..9 {
            budget.refund();
        }
        assert!(!budget.take());
        budget.refund();
        assert_eq!(budget.left(), 1);
        assert!(budget.take());
        for _ in 0..1000 {
            budget.refund();
        }
        assert_eq!(budget.left(), 2);
    }

    #[test]
    fn random_numbers_lie_between_zero_and_one_and_differ() {
        let (first, second) = (random(), random());
        assert!((0.0..=1.0).contains(&first) && first.to_bits() != second.to_bits());
    }
}
