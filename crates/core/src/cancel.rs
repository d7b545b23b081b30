//! Ending one call from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Something a call is blocked on, which can be told to let go.
pub(crate) trait Interrupt: Send + Sync {
    fn interrupt(&self);
}

/// The side of one call that can be cancelled. What the call blocks on is attached while it does.
#[derive(Default)]
pub(crate) struct CallCancel {
    cancelled: AtomicBool,
    blocked_on: Mutex<Option<Arc<dyn Interrupt>>>,
}

impl CallCancel {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        // Interrupted under the lock: once a call has detached its connection, another call may already use it.
        if let Some(blocked_on) = lock(&self.blocked_on).as_ref() {
            blocked_on.interrupt();
        }
    }

    /// From now on a cancellation interrupts `blocked_on`; one that came before does so at once.
    pub(crate) fn attach(&self, blocked_on: Arc<dyn Interrupt>) {
        *lock(&self.blocked_on) = Some(Arc::clone(&blocked_on));
        if self.is_cancelled() {
            blocked_on.interrupt();
        }
    }

    pub(crate) fn detach(&self) {
        *lock(&self.blocked_on) = None;
    }
}

/// Cancels the calls it was given to.
///
/// Clones are the same token. One token may serve any number of calls, at the same time or one after the other.
/// [`cancel`](Self::cancel) ends the calls that are under way with it, in whatever phase they are: each returns
/// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) with a truthful delivery verdict. When no call is under way it
/// does nothing: calls that begin later run as usual. Since 0.1.0.
#[derive(Clone, Default)]
pub struct CancelToken {
    under_way: Arc<Mutex<Vec<Weak<CallCancel>>>>,
}

impl CancelToken {
    /// A token that no call has yet. Since 0.1.0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the calls that are under way with this token. Never blocks; may be called from any thread. Since 0.1.0.
    pub fn cancel(&self) {
        let under_way: Vec<_> = lock(&self.under_way)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for call in under_way {
            call.cancel();
        }
    }

    pub(crate) fn enter(&self, call: &Arc<CallCancel>) -> UnderWay {
        lock(&self.under_way).push(Arc::downgrade(call));
        UnderWay {
            token: self.clone(),
            call: Arc::clone(call),
        }
    }
}

impl std::fmt::Debug for CancelToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("CancelToken")
            .field("calls_under_way", &lock(&self.under_way).len())
            .finish()
    }
}

/// Holds a call in its token until the call ends.
pub(crate) struct UnderWay {
    token: CancelToken,
    call: Arc<CallCancel>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.token.under_way)
            .retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(&self.call)));
    }
}

/// No code that holds one of our locks can panic half way through a change, so a poisoned lock is still sound.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter(std::sync::atomic::AtomicUsize);
    impl Interrupt for Counter {
        fn interrupt(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn cancelling_when_nothing_runs_does_nothing() {
        let token = CancelToken::new();
        token.cancel();
        let call = Arc::new(CallCancel::default());
        let _under_way = token.enter(&call);
        assert!(!call.is_cancelled());
        token.cancel();
        assert!(call.is_cancelled());
    }

    #[test]
    fn a_call_that_has_ended_is_not_cancelled() {
        let token = CancelToken::new();
        let call = Arc::new(CallCancel::default());
        drop(token.enter(&call));
        token.cancel();
        assert!(!call.is_cancelled());
    }

    #[test]
    fn what_is_attached_late_is_interrupted_all_the_same() {
        let call = CallCancel::default();
        call.cancel();
        let counter = Arc::new(Counter(0.into()));
        call.attach(counter.clone());
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
    }
}
