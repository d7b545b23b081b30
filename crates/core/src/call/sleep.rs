//! A pause that a cancellation ends.

use super::call::{Call, Stop};
use super::cancel::Interrupt;
use crate::foundation::deadline::Deadline;
use crate::foundation::sync::{Condvar, Mutex, PoisonError, lock};
use std::sync::Arc;
use std::time::Duration;

#[derive(Default)]
struct Bed {
    lock: Mutex<()>,
    woken: Condvar,
}

impl Interrupt for Bed {
    fn interrupt(&self) {
        // Taken, so that a sleeper between its check and its waiting cannot miss this.
        let _guard = lock(&self.lock);
        self.woken.notify_all();
    }
}

/// Waits for that long, unless the call is told to stop.
pub(crate) fn sleep(call: &Call, duration: Duration) -> Result<(), Stop> {
    let bed = Arc::new(Bed::default());
    let until = Deadline::after(duration);
    call.cancel.attach(bed.clone());
    let outcome = loop {
        // The caller's check runs in here, so no lock is held.
        let patience = match call.may_block(until) {
            Ok(patience) => patience,
            Err(Stop::DeadlinePassed) if call.deadline.remaining().is_some() => break Ok(()),
            Err(stop) => break Err(stop),
        };
        let guard = lock(&bed.lock);
        if !call.cancel.is_cancelled() {
            drop(
                bed.woken
                    .wait_timeout(guard, patience)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
    };
    call.cancel.detach();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallOptions, CancelToken};
    use std::thread;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn it_lasts_as_long_as_it_should() {
        let call = Call::begin(&CallOptions::default(), LONG, &CancelToken::new()).unwrap();
        let began = Instant::now();
        assert_eq!(sleep(&call, Duration::from_millis(20)), Ok(()));
        assert!(began.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn a_cancellation_and_the_deadline_end_it() {
        let call = Call::begin(&CallOptions::default(), LONG, &CancelToken::new()).unwrap();
        let cancel = Arc::clone(&call.cancel);
        let thread = thread::spawn(move || cancel.cancel());
        assert_eq!(sleep(&call, LONG), Err(Stop::Cancelled));
        thread.join().unwrap();
        let call = Call::begin(
            &CallOptions::default(),
            Duration::from_millis(5),
            &CancelToken::new(),
        )
        .unwrap();
        assert_eq!(sleep(&call, LONG), Err(Stop::DeadlinePassed));
    }
}
