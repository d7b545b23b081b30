//! Hands what happens on the core's threads to JavaScript's: calls that are done, attempts and log lines.

use napi::bindgen_prelude::{Env, FnArgs};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use polyai_chat_core::{Attempt, LogLevel, StartedCall};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What happened, the number of the call or of the client that it happened to, the number of a log line's level, and a text. Weak: an idle
/// client does not keep the process alive.
type EventArguments = FnArgs<(u32, u32, u32, Option<String>)>;
type Callback = ThreadsafeFunction<EventArguments, (), EventArguments, napi::Status, false, true>;

/// What happened.
const DONE: u32 = 0;
const ATTEMPT: u32 = 1;
const LINE: u32 = 2;
/// The level of what is no log line.
const NO_LEVEL: u32 = 0;

/// Sends events to one instance of the package. A worker thread has one of its own; after its end, sending does nothing.
#[napi]
pub struct Events(Shared);

#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Callback>>);

#[napi]
impl Events {
    /// `callback` is called with what happened, the number of the call or client, that of the level, and a text.
    #[napi(constructor)]
    pub fn new(callback: Callback) -> Self {
        Self(Shared(Arc::new(Mutex::new(callback))))
    }

    /// Keeps the event loop alive, or lets it end.
    ///
    /// # Errors
    /// The environment is being torn down.
    #[napi]
    #[allow(
        deprecated,
        reason = "cloning the function instead keeps it alive as well, and costs an allocation for every call"
    )]
    pub fn keep_alive(&self, env: Env, is_wanted: bool) -> napi::Result<()> {
        match is_wanted {
            true => self.0.lock().refer(&env),
            false => self.0.lock().unref(&env),
        }
    }
}

impl Events {
    pub(crate) fn shared(&self) -> Shared {
        self.0.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Callback> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, what: u32, number: u32, level: u32, text: Option<String>) {
        // Where the environment is gone, nobody receives it.
        let arguments = FnArgs::from((what, number, level, text));
        self.lock()
            .call(arguments, ThreadsafeFunctionCallMode::NonBlocking);
    }

    /// Sends an event when the call is done.
    pub(crate) fn expect(&self, call: &StartedCall, number: u32) {
        let events = self.clone();
        call.when_done(move || events.send(DONE, number, NO_LEVEL, None));
    }

    pub(crate) fn attempt(&self, client: u32, attempt: &Attempt) {
        let json = attempt.to_json().to_string();
        self.send(ATTEMPT, client, NO_LEVEL, Some(json));
    }

    pub(crate) fn line(&self, client: u32, level: LogLevel, line: &str) {
        self.send(LINE, client, level.number(), Some(line.to_owned()));
    }
}
