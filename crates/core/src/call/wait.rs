//! The one way in which a call waits for what other threads do.

use super::call::{Call, Stop};
use super::cancel::Interrupt;
use crate::foundation::deadline::Deadline;
use crate::foundation::monitor::Monitor;
use std::sync::Arc;
use std::time::Duration;

impl<T: Send> Interrupt for Monitor<T> {
    fn interrupt(&self) {
        self.wake();
    }
}

impl Call {
    /// Waits until `ready` has a result, unless the call is told to stop or the moment passes.
    pub(crate) fn wait_for<T: Send + 'static, R>(
        &self,
        monitor: &Arc<Monitor<T>>,
        until: Deadline,
        mut ready: impl FnMut(&mut T) -> Option<R>,
    ) -> Result<R, Stop> {
        self.cancel.attach(monitor.clone());
        let outcome = loop {
            // The caller's check runs in here, so no lock is held.
            let patience = match self.may_block(until) {
                Ok(patience) => patience,
                Err(stop) => break Err(stop),
            };
            let mut value = monitor.lock();
            if let Some(result) = ready(&mut value) {
                break Ok(result);
            }
            // Asked under the lock that a cancellation takes to wake this.
            if !self.cancel.is_cancelled() {
                monitor.wait(value, patience);
            }
        };
        self.cancel.detach();
        outcome
    }

    /// Waits for that long, unless the call is told to stop.
    pub(crate) fn pause(&self, duration: Duration) -> Result<(), Stop> {
        let until = Deadline::after(duration, &self.clock);
        let outcome = self.wait_for(&Arc::<Monitor<()>>::default(), until, |()| None::<()>);
        match outcome {
            Err(Stop::DeadlinePassed) if self.time_left().is_some() => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallOptions, CancelToken};
    use crate::foundation::clock::Clock;
    use std::thread;

    const LONG: Duration = Duration::from_secs(60);

    fn call(timeout: Duration, clock: &Clock) -> Call {
        let token = CancelToken::new();
        Call::begin(&CallOptions::default(), timeout, &token, clock).unwrap()
    }

    #[test]
    fn a_pause_lasts_until_its_time_has_passed() {
        let clock = Clock::movable();
        let call = call(LONG, &clock);
        thread::scope(|scope| {
            let pausing = scope.spawn(|| call.pause(LONG / 2));
            while !call.cancel.is_attached() {
                thread::yield_now();
            }
            assert!(!pausing.is_finished());
            clock.advance(LONG / 2);
            assert_eq!(pausing.join().unwrap(), Ok(()));
        });
    }

    #[test]
    fn a_cancellation_and_the_deadline_end_a_pause() {
        let clock = Clock::movable();
        let cancelled = call(LONG, &clock);
        thread::scope(|scope| {
            let pausing = scope.spawn(|| cancelled.pause(LONG));
            cancelled.cancel.cancel();
            assert_eq!(pausing.join().unwrap(), Err(Stop::Cancelled));
        });
        let late = call(LONG, &clock);
        clock.advance(LONG);
        assert_eq!(late.pause(LONG), Err(Stop::DeadlinePassed));
    }
}
