//! A value that threads change, and wait for a change of.

use super::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, PoisonError, lock};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Monitor<T> {
    value: Mutex<T>,
    changed: Condvar,
    /// How many threads wait. Changed with the lock held, so a change of the value sees each that must be woken.
    waiting: AtomicUsize,
}

impl<T> Monitor<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            changed: Condvar::new(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// The value, for a look or for a change that nobody waits for.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        lock(&self.value)
    }

    /// Changes the value, and wakes all waiting threads.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.wake_waiting();
        result
    }

    /// Makes all waiting threads look again. Takes the lock, so that a thread between looking and waiting cannot miss this.
    pub(crate) fn wake(&self) {
        drop(self.lock());
        self.wake_waiting();
    }

    /// Most changes are waited for by nobody, and waking nobody is a system call all the same.
    fn wake_waiting(&self) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.changed.notify_all();
        }
    }

    /// Waits for a change, at most that long; possibly for nothing.
    pub(crate) fn wait(&self, value: MutexGuard<'_, T>, at_most: Duration) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let woken = self
            .changed
            .wait_timeout(value, at_most)
            .unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        drop(woken);
    }

    /// Waits until `ready` has a result. `left` says how long at most; `None` ends the waiting without one.
    pub(crate) fn wait_for<R>(
        &self,
        left: impl Fn() -> Option<Duration>,
        mut ready: impl FnMut(&mut T) -> Option<R>,
    ) -> Option<R> {
        loop {
            let mut value = self.lock();
            if let Some(result) = ready(&mut value) {
                return Some(result);
            }
            self.wait(value, left()?);
        }
    }
}

impl<T> Monitor<Option<T>> {
    /// Takes the value as soon as there is one, if that is within so long.
    pub(crate) fn take_within(&self, at_most: Duration) -> Option<T> {
        let value = self.lock();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let (mut value, _) = self
            .changed
            .wait_timeout_while(value, at_most, |value| value.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        value.take()
    }
}
