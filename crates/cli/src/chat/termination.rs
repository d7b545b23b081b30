//! SIGTERM and a hangup at the prompt: the conversation is closed before the program ends as the signal wants it.

use crate::failure::Failure;
use crate::interrupt::{cannot_watch, terminating};
use polyai_chat_core::Conversation;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Watches while it lives. It takes a thread: a read that waits for a line cannot be interrupted otherwise.
pub(super) struct Termination {
    open: Arc<Mutex<Option<Conversation>>>,
    asked: Arc<AtomicBool>,
    signals: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Termination {
    pub(super) fn watch() -> Result<Self, Failure> {
        let mut signals = Signals::new(terminating()).map_err(cannot_watch)?;
        let handle = signals.handle();
        let open: Arc<Mutex<Option<Conversation>>> = Arc::default();
        let asked = Arc::new(AtomicBool::new(false));
        let (to_close, ask) = (Arc::clone(&open), Arc::clone(&asked));
        let thread = std::thread::Builder::new()
            .name("termination".to_owned())
            .spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    // The turn that is under way gives up first; close waits for it.
                    ask.store(true, Ordering::Relaxed);
                    let conversation = lock(&to_close).take();
                    if let Some(conversation) = conversation {
                        let _ = conversation.close_if_open();
                    }
                    let _ = emulate_default_handler(signal);
                }
            })
            .map_err(cannot_watch)?;
        Ok(Self {
            open,
            asked,
            signals: handle,
            thread: Some(thread),
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

impl Drop for Termination {
    fn drop(&mut self) {
        self.signals.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(open: &Mutex<Option<Conversation>>) -> MutexGuard<'_, Option<Conversation>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
