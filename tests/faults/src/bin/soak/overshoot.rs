//! How long calls took beyond their deadline.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

/// Of the calls that ended by their deadline, and of any other that took longer.
#[derive(Default)]
pub(crate) struct Overshoot(Vec<Duration>);

/// Beyond this it is too late.
const GOAL: Duration = Duration::from_millis(50);

impl Overshoot {
    pub(crate) fn add(&mut self, elapsed: Duration, deadline: Duration, timed_out: bool) {
        if timed_out || elapsed > deadline {
            self.0.push(elapsed.saturating_sub(deadline));
        }
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }
}

impl fmt::Display for Overshoot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
            let value = sorted.get(index).copied().unwrap_or_default();
            format!("{:.1} ms", value.as_secs_f64() * 1000.0)
        };
        write!(
            formatter,
            "late by p50 {}, p99 {}, max {}; {} of {} by more than {} ms",
            at(50),
            at(99),
            at(100),
            sorted.iter().filter(|late| **late > GOAL).count(),
            sorted.len(),
            GOAL.as_millis()
        )
    }
}

/// How late this machine wakes a thread that only sleeps: what is left above that is the client's own.
pub(crate) fn of_the_machine(until: Instant) -> Overshoot {
    const NAP: Duration = Duration::from_millis(20);
    let mut overshoot = Overshoot::default();
    while Instant::now() < until {
        let began = Instant::now();
        thread::sleep(NAP);
        overshoot.add(began.elapsed(), NAP, true);
    }
    overshoot
}
