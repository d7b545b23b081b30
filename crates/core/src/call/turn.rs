//! A call that is under way on a thread of its own: wait for it a while, cancel it, take its outcome.

use super::call::Call;
use super::threads::{CallThreads, Work};
use crate::foundation::deadline::Deadline;
use crate::foundation::monitor::Monitor;
use crate::foundation::sys::pair::{Descriptor, Stream, borrowed, pair};
use crate::model::{Error, ErrorKind, Phase};
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A call that was started and goes on by itself.
///
/// Meanwhile the caller can do something else, say "one moment please" after a while, and take the outcome when it
/// is there. Its deadline began when it was started. Dropping it cancels the call; its thread ends then. Since 0.1.0.
///
/// ```no_run
/// # fn main() -> Result<(), polyai_chat_core::Error> {
/// # let client = polyai_chat_core::Client::new(polyai_chat_core::Config::from_environment()?)?;
/// # let conversation = client.attach("id")?;
/// use std::time::Duration;
///
/// let turn = conversation.start_respond("Where is my order?")?;
/// if !turn.wait(Duration::from_millis(1500)) {
///     println!("One moment, please.");
/// }
/// println!("{}", turn.take()?.response());
/// # Ok(())
/// # }
/// ```
pub struct Turn<T> {
    call: Arc<Call>,
    progress: Arc<Monitor<Progress<T>>>,
    descriptor: OnceLock<Stream>,
}

struct Progress<T> {
    outcome: Option<Result<T, Error>>,
    is_done: bool,
    /// The other end of the descriptor, while the call is not done.
    signal: Option<Stream>,
    when_done: Vec<Work>,
}

/// The longest wait for a call: a day, as the longest deadline.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

impl<T: Send + 'static> Turn<T> {
    /// Runs `work` on another thread. `call` is the call it makes.
    pub(crate) fn start(
        threads: &CallThreads,
        call: Arc<Call>,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let progress = Arc::new(Monitor::new(Progress {
            outcome: None,
            is_done: false,
            signal: None,
            when_done: Vec::new(),
        }));
        let of_thread = Arc::clone(&progress);
        let spawned = threads.run(Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(work))
                .unwrap_or_else(|panic| Err(Error::from_panic(panic.as_ref())));
            finish(&of_thread, outcome);
        }));
        match spawned {
            // The thread is left to itself: it is free when the call ends, and the call ends by its deadline.
            Ok(()) => Ok(Self {
                call,
                progress,
                descriptor: OnceLock::new(),
            }),
            Err(error) => Err(Error::new(
                ErrorKind::Unavailable,
                format!("no thread can be started for the call: {error}"),
            )
            .with_source(error)),
        }
    }
}

impl<T> Turn<T> {
    /// Waits until the call is done, but no longer than this; returns whether it is. The call goes on all the same.
    pub fn wait(&self, at_most: Duration) -> bool {
        if !self.call.process.is_current() {
            return true;
        }
        let clock = &self.call.clock;
        let until = Deadline::after(at_most.min(LONGEST_WAIT), clock);
        let left = || Some(clock.patience(until.remaining(clock)?));
        let is_done = |progress: &mut Progress<T>| progress.is_done.then_some(());
        self.progress.wait_for(left, is_done).is_some()
    }

    /// Whether the outcome is there. Does not block.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.call.process.is_current() || self.progress.lock().is_done
    }

    /// Ends the call, which then is done within milliseconds, with a truthful delivery. Does not block; does nothing when
    /// it is done already.
    pub fn cancel(&self) {
        self.call.cancel.cancel();
    }

    /// The outcome. Blocks until it is there, which is at the call's deadline at the latest.
    ///
    /// # Errors
    /// Those of the call that was started. In a forked child: [`Cancelled`](ErrorKind::Cancelled) with
    /// [`Delivery::Unknown`](crate::Delivery::Unknown), for the answer goes to the parent.
    pub fn take(self) -> Result<T, Error> {
        self.take_once().unwrap_or_else(|| {
            Err(Error::new(
                ErrorKind::InvalidArgument,
                "the outcome of this call has been taken already",
            ))
        })
    }

    /// As [`take`](Self::take), for a turn that several threads hold: one of them gets the outcome, and the others `None`.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_once(&self) -> Option<Result<T, Error>> {
        if !self.call.process.is_current() {
            let error = Error::forked().with_phase(Phase::Headers);
            return Some(Err(error.with_correlation_id(&self.call.correlation_id)));
        }
        let taken = |progress: &mut Progress<T>| progress.is_done.then(|| progress.outcome.take());
        self.progress.wait_for(|| Some(LONGEST_WAIT), taken)?
    }

    /// The id that the service's support asks for.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        &self.call.correlation_id
    }

    /// A descriptor that becomes readable when the call is done, for a host with an event loop of its own (poll, epoll,
    /// select). Wait for it only: it must be neither read nor closed, and lasts as long as this.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn descriptor(&self) -> io::Result<Descriptor<'_>> {
        if !self.call.process.is_current() {
            let (reader, _) = pair()?;
            return Ok(borrowed(self.descriptor.get_or_init(|| reader)));
        }
        let mut progress = self.progress.lock();
        if let Some(reader) = self.descriptor.get() {
            return Ok(borrowed(reader));
        }
        // When the call is done already, the other end is dropped here, and this one readable at once.
        let (reader, signal) = pair()?;
        if !progress.is_done {
            progress.signal = Some(signal);
        }
        Ok(borrowed(self.descriptor.get_or_init(|| reader)))
    }

    /// Has `callback` called once when the call is done: on the call's thread, or here and now when it is done already. For a
    /// host that has one descriptor for all its calls. It should be brief; a panic of it harms nobody.
    pub fn when_done(&self, callback: impl FnOnce() + Send + 'static) {
        self.when_done_boxed(Box::new(callback));
    }

    pub(super) fn when_done_boxed(&self, callback: Work) {
        if self.call.process.is_current() {
            let mut progress = self.progress.lock();
            if !progress.is_done {
                progress.when_done.push(callback);
                return;
            }
        }
        callback();
    }
}

fn finish<T>(progress: &Monitor<Progress<T>>, outcome: Result<T, Error>) {
    let when_done = progress.change(|progress| {
        progress.outcome = Some(outcome);
        progress.is_done = true;
        if let Some(signal) = progress.signal.take() {
            // Under the lock: a caller that is notified finds the descriptor readable. Shut down, not only dropped:
            // forked children hold a copy, and shutting down reaches through all copies.
            let _ = signal.shutdown(Shutdown::Both);
        }
        std::mem::take(&mut progress.when_done)
    });
    for callback in when_done {
        let _ = catch_unwind(AssertUnwindSafe(callback));
    }
}

impl<T> Drop for Turn<T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<T> fmt::Debug for Turn<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Turn")
            .field("correlation_id", &self.call.correlation_id)
            .field("is_done", &self.is_done())
            .finish_non_exhaustive()
    }
}
