//! Ending one call from another thread.

use crate::foundation::fork::{PerProcess, Process};
use crate::foundation::sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock};
use std::sync::{Arc, Weak};

/// Something a call is blocked on, which can be told to let go.
pub(crate) trait Interrupt: Send + Sync {
    fn interrupt(&self);
}

/// The side of one call that can be cancelled. What the call blocks on is attached while it does.
pub(crate) struct CallCancel {
    /// A child shares the parent's sockets: to shut one down there would end the parent's call.
    process: Process,
    cancelled: AtomicBool,
    blocked_on: Mutex<Option<Arc<dyn Interrupt>>>,
}

impl Default for CallCancel {
    fn default() -> Self {
        Self {
            process: Process::current(),
            cancelled: AtomicBool::new(false),
            blocked_on: Mutex::default(),
        }
    }
}

impl CallCancel {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn cancel(&self) {
        self.mark();
        self.interrupt();
    }

    fn mark(&self) {
        if self.process.is_current() {
            self.cancelled.store(true, Ordering::Release);
        }
    }

    fn interrupt(&self) {
        if !self.process.is_current() {
            return;
        }
        // Under the lock: once a call has detached its connection, another call may already use it.
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
        if !self.process.is_current() {
            return;
        }
        *lock(&self.blocked_on) = None;
    }
}

#[cfg(test)]
impl CallCancel {
    pub(crate) fn is_attached(&self) -> bool {
        lock(&self.blocked_on).is_some()
    }
}

/// Cancels the calls it was given to.
///
/// Clones are the same token. One token may serve any number of calls, at the same time or one after the other. Each call that
/// it cancels returns [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) with a truthful delivery verdict.
///
/// [`cancel`](Self::cancel) ends the calls that are under way, and leaves later ones alone.
/// [`cancel_for_good`](Self::cancel_for_good) also refuses every later call. Use it where a cancellation may come before the
/// call begins, such as from a context, a future or a timer of the host's. Since 0.1.0.
#[derive(Clone)]
pub struct CancelToken(Arc<Token>);

struct Token {
    under_way: PerProcess<Mutex<Calls>>,
    /// Also in forked children.
    for_good: AtomicBool,
}

/// The calls of one token, each in a slot of its own, so that entering and leaving cost the same with one and with
/// thousands.
#[derive(Default)]
struct Calls {
    slots: Vec<Option<Weak<CallCancel>>>,
    free: Vec<usize>,
}

impl CancelToken {
    /// A token that no call has yet. Since 0.1.0.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Token {
            under_way: PerProcess::new(Mutex::default()),
            for_good: AtomicBool::new(false),
        }))
    }

    /// Ends the calls that are under way with this token. When there are none, it does nothing. Never blocks; may be called
    /// from any thread. Since 0.1.0.
    pub fn cancel(&self) {
        let under_way: Vec<_> = self
            .calls()
            .slots
            .iter()
            .flatten()
            .filter_map(Weak::upgrade)
            .collect();
        // All are marked before any is woken, so that one which waits for another does not take its place.
        for call in &under_way {
            call.mark();
        }
        for call in under_way {
            call.interrupt();
        }
    }

    /// Ends the calls that are under way with this token, and has every later one fail as cancelled, not sent. It cannot be
    /// undone. Never blocks; may be called from any thread, and more than once. Since 0.1.0.
    pub fn cancel_for_good(&self) {
        self.0.for_good.store(true, Ordering::SeqCst);
        self.cancel();
    }

    /// Whether every later call is refused. Since 0.1.0.
    #[must_use]
    pub fn is_cancelled_for_good(&self) -> bool {
        self.0.for_good.load(Ordering::SeqCst)
    }

    /// Has the token cancel the call from now on. Ask [`is_cancelled_for_good`](Self::is_cancelled_for_good) afterwards: a
    /// cancellation for good either finds the call in the list, or is seen then.
    pub(crate) fn enter(&self, call: &Arc<CallCancel>) -> UnderWay {
        let mut calls = self.calls();
        let entry = Some(Arc::downgrade(call));
        let slot = match calls.free.pop() {
            Some(slot) => slot,
            None => {
                calls.slots.push(None);
                calls.slots.len() - 1
            }
        };
        if let Some(place) = calls.slots.get_mut(slot) {
            *place = entry;
        }
        drop(calls);
        UnderWay {
            token: self.clone(),
            slot,
            process: Process::current(),
        }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        lock(self.0.under_way.get(Mutex::default))
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for CancelToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let calls = self.calls();
        formatter
            .debug_struct("CancelToken")
            .field("calls_under_way", &(calls.slots.len() - calls.free.len()))
            .field("is_cancelled_for_good", &self.is_cancelled_for_good())
            .finish()
    }
}

/// Holds a call in its token until the call ends.
pub(crate) struct UnderWay {
    token: CancelToken,
    slot: usize,
    process: Process,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // In a forked child the slot belongs to the parent's list.
        if !self.process.is_current() {
            return;
        }
        let mut calls = self.token.calls();
        if let Some(place) = calls.slots.get_mut(self.slot) {
            *place = None;
            calls.free.push(self.slot);
        }
    }
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
    fn a_late_attachment_is_interrupted_all_the_same() {
        let call = CallCancel::default();
        call.cancel();
        let counter = Arc::new(Counter(0.into()));
        call.attach(counter.clone());
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
    }
}
