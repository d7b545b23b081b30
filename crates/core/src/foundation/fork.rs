//! Notices, at the cost of one atomic load, that the code now runs in a forked child.
//!
//! A child inherits the parent's sockets, and locks that another thread of the parent may have held at the moment of
//! the fork. It may touch neither. [`PerProcess`] therefore gives each process a state of its own and leaves the
//! inherited one alone.

use super::sys::fork::call_in_children;
use once_cell::race::OnceBox;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static FORKS: AtomicU64 = AtomicU64::new(0);
static REGISTRATION: AtomicU64 = AtomicU64::new(0);

/// Only adds to an atomic number, which is allowed in a child of a multi-threaded process.
extern "C" fn in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The process that made something, told from its forked children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u64);

impl Process {
    /// No process at all.
    pub(crate) const NONE: Self = Self(u64::MAX);

    /// The one that runs now.
    pub(crate) fn current() -> Self {
        // How often this process and its ancestors have forked since the first client was made.
        Self(FORKS.load(Ordering::Relaxed))
    }

    pub(crate) fn is_current(self) -> bool {
        self == Self::current()
    }
}

/// Counts forks from now on. Called by whatever makes a [`PerProcess`]; only the first call registers.
fn count_forks() {
    if REGISTRATION.swap(1, Ordering::Relaxed) == 0 {
        call_in_children(in_child);
    }
}

/// A state of which every process has its own, made when it is first needed there.
pub(crate) struct PerProcess<T> {
    process: Process,
    state: Arc<T>,
    in_child: OnceBox<PerProcess<T>>,
}

impl<T> PerProcess<T> {
    pub(crate) fn new(state: T) -> Self {
        count_forks();
        Self {
            process: Process::current(),
            state: Arc::new(state),
            in_child: OnceBox::new(),
        }
    }

    /// The state of the process that asks; `make` is called where there is none yet. Two threads that ask at the same
    /// time in a fresh child both make one and one is kept, so that no lock is needed.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> &T {
        let current = Process::current();
        let mut newest = self;
        while newest.process != current {
            match newest.in_child.get() {
                Some(next) => newest = next,
                None => {
                    return &newest
                        .in_child
                        .get_or_init(|| Box::new(Self::new(make())))
                        .state;
                }
            }
        }
        &newest.state
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        // What another process made may be half changed here, and its sockets are not ours to close down.
        if !self.process.is_current() {
            std::mem::forget(Arc::clone(&self.state));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_process_keeps_its_state() {
        let state = PerProcess::new(7);
        assert_eq!(*state.get(|| 8), 7);
        assert_eq!(*state.get(|| 9), 7);
    }

    #[test]
    fn a_forked_child_gets_a_state_of_its_own() {
        let mut state = PerProcess::new(7);
        state.process = Process::NONE;
        assert_eq!(*state.get(|| 8), 8);
        assert_eq!(*state.get(|| 9), 8);
    }
}
