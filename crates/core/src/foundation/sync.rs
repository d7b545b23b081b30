//! The locks that several threads of a caller meet at. The feature `models` puts a scheduler in their place that tries
//! out the orders in which the threads can run.

#[cfg(feature = "models")]
pub(crate) use shuttle::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};
#[cfg(not(feature = "models"))]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// No code that holds one of our locks can panic half way through a change, so a poisoned lock is still sound.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
