//! A breaker, which keeps a client from making an outage worse.

use crate::foundation::clock::Clock;
use crate::foundation::deadline::Deadline;
use crate::foundation::sync::{Mutex, lock};
use crate::model::{BreakerState, Error, ErrorKind};
use std::time::Duration;

/// Lets calls fail at once while the service is known to be away.
#[derive(Debug)]
pub(crate) struct Breaker {
    after_failures: Option<u64>,
    open_for: Duration,
    clock: Clock,
    position: Mutex<Position>,
}

#[derive(Debug, Clone, Copy)]
enum Position {
    Closed { failures: u64 },
    Open { until: Deadline },
    Probing,
}

/// An attempt that the breaker has let through; its outcome decides what the breaker does next.
pub(crate) struct Admission<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
    judged: bool,
}

impl Breaker {
    pub(crate) fn new(after_failures: Option<u64>, open_for: Duration, clock: Clock) -> Self {
        Self {
            after_failures,
            open_for,
            clock,
            position: Mutex::new(Position::Closed { failures: 0 }),
        }
    }

    pub(crate) fn state(&self) -> BreakerState {
        match *lock(&self.position) {
            Position::Closed { .. } => BreakerState::Closed,
            Position::Open { .. } => BreakerState::Open,
            Position::Probing => BreakerState::Probing,
        }
    }

    pub(crate) fn admit(&self) -> Result<Admission<'_>, Error> {
        let admission = |is_probe| Admission {
            breaker: self,
            is_probe,
            judged: false,
        };
        if self.after_failures.is_none() {
            return Ok(admission(false));
        }
        let mut position = lock(&self.position);
        match *position {
            Position::Closed { .. } => Ok(admission(false)),
            Position::Open { until } => match until.remaining(&self.clock) {
                Some(left) => Err(unavailable(Some(left))),
                None => {
                    *position = Position::Probing;
                    Ok(admission(true))
                }
            },
            Position::Probing => Err(unavailable(None)),
        }
    }
}

impl Admission<'_> {
    /// The service answered, whatever it said.
    pub(crate) fn succeeded(mut self) {
        self.judged = true;
        if self.breaker.after_failures.is_some() {
            *lock(&self.breaker.position) = Position::Closed { failures: 0 };
        }
    }

    /// The service was not reached, or failed.
    pub(crate) fn failed(mut self) {
        self.judged = true;
        let Some(most) = self.breaker.after_failures else {
            return;
        };
        let mut position = lock(&self.breaker.position);
        let failures = match *position {
            Position::Closed { failures } => failures + 1,
            Position::Probing if self.is_probe => most,
            // A call that began before the breaker opened says nothing new.
            Position::Open { .. } | Position::Probing => return,
        };
        *position = match failures >= most {
            true => Position::Open {
                until: Deadline::after(self.breaker.open_for, &self.breaker.clock),
            },
            false => Position::Closed { failures },
        };
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        // A probe that was cancelled has found out nothing: the next call is the probe.
        if !self.is_probe || self.judged {
            return;
        }
        let mut position = lock(&self.breaker.position);
        if matches!(*position, Position::Probing) {
            *position = Position::Open {
                until: Deadline::after(Duration::ZERO, &self.breaker.clock),
            };
        }
    }
}

fn unavailable(wait: Option<Duration>) -> Error {
    let message = "too many calls failed lately, so this one was not tried (breaker_failures)";
    Error::new(ErrorKind::Unavailable, message).with_retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let breaker = Breaker::new(Some(2), Duration::from_secs(60), Clock::default());
        breaker.admit().unwrap().failed();
        breaker.admit().unwrap().succeeded();
        breaker.admit().unwrap().failed();
        assert_eq!(breaker.state(), BreakerState::Closed);
        breaker.admit().unwrap().failed();
        assert_eq!(breaker.state(), BreakerState::Open);
        let error = breaker.admit().map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.may_resend() && error.retry_after() > Some(Duration::from_secs(50)));
    }

    #[test]
    fn one_probe_at_a_time_decides() {
        let breaker = Breaker::new(Some(1), Duration::ZERO, Clock::default());
        breaker.admit().unwrap().failed();
        let probe = breaker.admit().unwrap();
        assert_eq!(breaker.state(), BreakerState::Probing);
        assert!(breaker.admit().is_err());
        drop(probe);
        breaker.admit().unwrap().failed();
        assert_eq!(breaker.state(), BreakerState::Open);
        breaker.admit().unwrap().succeeded();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_late_success_outlives_a_probe_that_found_out_nothing() {
        let breaker = Breaker::new(Some(1), Duration::ZERO, Clock::default());
        let early = breaker.admit().unwrap();
        breaker.admit().unwrap().failed();
        let probe = breaker.admit().unwrap();
        early.succeeded();
        drop(probe);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn without_configuration_it_never_opens() {
        let breaker = Breaker::new(None, Duration::from_secs(60), Clock::default());
        for _ in 0..1000 {
            breaker.admit().unwrap().failed();
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
