//! Signals that ask the program to stop: noted here, acted on where the program stands.

use crate::failure::Failure;
use crate::sys::signals::Noted;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The signals that are watched while this lives.
pub(crate) struct Interrupts {
    last: Arc<AtomicUsize>,
    _noted: Noted,
}

impl Interrupts {
    /// Notes the first stopping signal; a second one ends the program at once, as it would without us.
    pub(crate) fn once() -> Result<Self, Failure> {
        Self::of(Noted::first_that_stops())
    }

    /// Notes Ctrl-C however often it comes.
    pub(crate) fn repeatedly() -> Result<Self, Failure> {
        Self::of(Noted::every_interrupt())
    }

    fn of(noted: std::io::Result<Noted>) -> Result<Self, Failure> {
        let noted = noted.map_err(cannot_watch)?;
        Ok(Self {
            last: noted.last(),
            _noted: noted,
        })
    }

    /// The signal that came last, if one did, since it was last forgotten.
    pub(crate) fn signal(&self) -> Option<u8> {
        match self.last.load(Ordering::Relaxed) {
            0 => None,
            signal => u8::try_from(signal).ok(),
        }
    }

    pub(crate) fn forget(&self) {
        self.last.store(0, Ordering::Relaxed);
    }

    /// A check for a call: whether a signal has come.
    pub(crate) fn check(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let last = Arc::clone(&self.last);
        move || last.load(Ordering::Relaxed) != 0
    }
}

pub(crate) fn cannot_watch(error: std::io::Error) -> Failure {
    Failure::Machine(format!("signals cannot be watched: {error}"))
}
