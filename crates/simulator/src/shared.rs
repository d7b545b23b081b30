//! What all connections and the handle have in common.

use crate::fault::{Action, ArmedFaults, Occasion};
use crate::records::Records;
use crate::script::Script;
use crate::settings::{Credentials, Settings};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) script: Script,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) records: Records,
    pub(crate) faults: ArmedFaults,
    pub(crate) credentials: Credentials,
}

impl Shared {
    pub(crate) fn new(settings: Settings, script: Script, state: State) -> Self {
        Self {
            settings,
            script,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// A look at the state, which changes nothing.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// A change of the state, which wakes all waiting requests.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    pub(crate) fn happening(&self, occasion: &Occasion) -> Vec<Action> {
        self.lock().faults.happening(occasion)
    }

    /// Waits until the condition holds; false when the time is over before.
    pub(crate) fn wait_for(
        &self,
        mut condition: impl FnMut(&Records) -> bool,
        timeout: Duration,
    ) -> bool {
        let started = Instant::now();
        let mut state = self.lock();
        loop {
            if condition(&state.records) {
                return true;
            }
            let Some(remaining) = timeout.checked_sub(started.elapsed()) else {
                return false;
            };
            state = self
                .changed
                .wait_timeout(state, remaining)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// A panic in a caller's condition must not take the simulator down, so a poisoned lock is used on.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
