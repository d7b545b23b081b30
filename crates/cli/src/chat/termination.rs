//! SIGTERM and a hangup at the prompt: the conversation is closed before the program ends as the signal wants it.

use crate::failure::Failure;
use crate::interrupt::cannot_watch;
use crate::sys::signals::Terminating;
use polyai_chat_core::Conversation;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Watches while it lives.
pub(super) struct Termination {
    open: Arc<Mutex<Option<Conversation>>>,
    asked: Arc<AtomicBool>,
    _watching: Terminating,
}

impl Termination {
    pub(super) fn watch() -> Result<Self, Failure> {
        let open: Arc<Mutex<Option<Conversation>>> = Arc::default();
        let asked = Arc::new(AtomicBool::new(false));
        let (to_close, ask) = (Arc::clone(&open), Arc::clone(&asked));
        let watching = Terminating::watch(move || {
            // The turn that is under way gives up first; close waits for it.
            ask.store(true, Ordering::Relaxed);
            let conversation = lock(&to_close).take();
            if let Some(conversation) = conversation {
                let _ = conversation.close_if_open();
            }
        })
        .map_err(cannot_watch)?;
        Ok(Self {
            open,
            asked,
            _watching: watching,
        })
    }

    /// The conversation that is to be closed; `None` when there is none any more.
    pub(super) fn is_about(&self, conversation: Option<&Conversation>) {
        *lock(&self.open) = conversation.cloned();
    }

    /// A check for a call: whether the program was asked to end.
    pub(super) fn check(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let asked = Arc::clone(&self.asked);
        move || asked.load(Ordering::Relaxed)
    }
}

fn lock(open: &Mutex<Option<Conversation>>) -> MutexGuard<'_, Option<Conversation>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
