//! Signals that ask the program to stop: noted here, acted on where the program stands.

use crate::failure::Failure;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};
use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The signals that ask for an orderly end: Ctrl-C, SIGTERM and a hangup, unless that is ignored, as under `nohup`.
pub(crate) fn stopping() -> impl Iterator<Item = c_int> {
    [SIGINT, SIGTERM].into_iter().chain(hangup())
}

/// The signals that end a program whose Ctrl-C means something else.
pub(crate) fn terminating() -> impl Iterator<Item = c_int> {
    std::iter::once(SIGTERM).chain(hangup())
}

fn hangup() -> Option<c_int> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    (!ignores(&status, SIGHUP)).then_some(SIGHUP)
}

/// Whether a process of this status ignores a signal; bit 0 of the mask is signal 1.
fn ignores(status: &str, signal: c_int) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// The signals that are watched while this lives.
pub(crate) struct Interrupts {
    last: Arc<AtomicUsize>,
    registered: Vec<SigId>,
}

impl Interrupts {
    /// Notes the first stopping signal; a second one ends the program at once, as it would without us.
    pub(crate) fn once() -> Result<Self, Failure> {
        let mut interrupts = Self::none();
        let noted = Arc::new(AtomicBool::new(false));
        for signal in stopping() {
            // In this order: the second signal must find the flag that the first one has set.
            let registered = [
                flag::register_conditional_default(signal, Arc::clone(&noted)),
                flag::register(signal, Arc::clone(&noted)),
            ];
            for id in registered {
                interrupts.registered.push(id.map_err(cannot_watch)?);
            }
            interrupts.note(signal)?;
        }
        Ok(interrupts)
    }

    /// Notes Ctrl-C however often it comes.
    pub(crate) fn repeatedly() -> Result<Self, Failure> {
        let mut interrupts = Self::none();
        interrupts.note(SIGINT)?;
        Ok(interrupts)
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

    fn none() -> Self {
        Self {
            last: Arc::default(),
            registered: Vec::new(),
        }
    }

    fn note(&mut self, signal: c_int) -> Result<(), Failure> {
        let number = usize::try_from(signal).unwrap_or_default();
        let id =
            flag::register_usize(signal, Arc::clone(&self.last), number).map_err(cannot_watch)?;
        self.registered.push(id);
        Ok(())
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            low_level::unregister(id);
        }
    }
}

pub(crate) fn cannot_watch(error: std::io::Error) -> Failure {
    Failure::Machine(format!("signals cannot be watched: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hangup_that_is_ignored_is_left_alone() {
        assert!(ignores("Name:\tx\nSigIgn:\t0000000000001001\n", SIGHUP));
        assert!(!ignores("Name:\tx\nSigIgn:\t0000000000001000\n", SIGHUP));
        assert!(!ignores("", SIGHUP));
    }
}
