//! The started calls of an event loop that are done, behind one descriptor for all of them.

use super::threads::Work;
use super::turn::Turn;
use crate::foundation::clock::Clock;
use crate::foundation::deadline::Deadline;
use crate::foundation::fork::PerProcess;
use crate::foundation::monitor::Monitor;
use crate::foundation::sys::pair::{Descriptor, Stream, borrowed, pair};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

/// Tells which of many started calls are done: by their tags, and by one descriptor that is readable while there are any. A tag
/// comes when the outcome of its call is there, or a moment later.
///
/// For an event loop, and for a language whose interpreter no thread of the library may enter: the waiting thread takes the tags.
/// Clones are the same. A forked child has an empty one of its own. Since 0.1.0.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = polyai_chat_core::Client::new(polyai_chat_core::Config::from_environment()?)?;
/// # let conversations = [client.attach("a")?, client.attach("b")?];
/// use polyai_chat_core::Completions;
/// use std::time::Duration;
///
/// let completions = Completions::new()?;
/// let mut turns = Vec::new();
/// for (tag, conversation) in (0..).zip(&conversations) {
///     let turn = conversation.start_respond("Hello?")?;
///     completions.expect(&turn, tag);
///     turns.push(turn);
/// }
/// while completions.wait(Duration::from_secs(60)) {
///     for tag in completions.take(64) {
///         println!("call {tag} is done");
///     }
/// #   break;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Completions(Arc<PerProcess<Shared>>);

/// Kept by the calls too: a call that writes finds the other end there.
struct Shared {
    tags: Monitor<VecDeque<u64>>,
    /// The end that is waited for, and the one that is written to; none where a forked child got no descriptors.
    ends: Option<(Stream, Stream)>,
}

impl Shared {
    fn new() -> io::Result<Self> {
        let (readable, wake) = pair()?;
        for end in [&readable, &wake] {
            end.set_nonblocking(true)?;
        }
        Ok(Self::with(Some((readable, wake))))
    }

    fn of_child() -> Self {
        Self::new().unwrap_or_else(|_| Self::with(None))
    }

    fn with(ends: Option<(Stream, Stream)>) -> Self {
        Self {
            tags: Monitor::default(),
            ends,
        }
    }

    fn add(&self, tag: u64) {
        self.tags.change(|tags| {
            tags.push_back(tag);
            // One byte for all that come before somebody looks: there is always room for it.
            if let (1, Some((_, wake))) = (tags.len(), &self.ends) {
                let mut wake = wake;
                let _ = wake.write_all(&[1]);
            }
        });
    }
}

impl Completions {
    /// An empty one. Since 0.1.0.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(PerProcess::new(Shared::new()?))))
    }

    fn shared(&self) -> &Shared {
        self.0.get(Shared::of_child)
    }

    /// Has the tag appear here once the call is done, at once where it is done already. Does not block. Since 0.1.0.
    pub fn expect<T>(&self, turn: &Turn<T>, tag: u64) {
        turn.when_done_boxed(self.adding(tag));
    }

    fn adding(&self, tag: u64) -> Work {
        let of_call = self.clone();
        Box::new(move || of_call.shared().add(tag))
    }

    /// The tags of calls that are done, at most so many, those that came first in front. Each is given once. Does not block.
    /// Since 0.1.0.
    #[must_use]
    pub fn take(&self, at_most: usize) -> Vec<u64> {
        let shared = self.shared();
        let mut tags = shared.tags.lock();
        let count = tags.len().min(at_most);
        let taken = (0..count).filter_map(|_| tags.pop_front()).collect();
        if let (true, Some((readable, _))) = (tags.is_empty(), &shared.ends) {
            let mut readable = readable;
            let _ = readable.read(&mut [0]);
        }
        taken
    }

    /// Waits until a call is done whose tag has not been taken, but no longer than this; returns whether there is one. Since 0.1.0.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> bool {
        let clock = Clock::default();
        let until = Deadline::after(at_most.min(super::turn::LONGEST_WAIT), &clock);
        let is_any = |tags: &mut VecDeque<u64>| (!tags.is_empty()).then_some(());
        let tags = &self.shared().tags;
        tags.wait_for(|| until.remaining(&clock), is_any).is_some()
    }

    /// A descriptor that is readable while there are tags to take, for poll, epoll, select and their like. Wait for it only: it
    /// must be neither read nor closed, and lasts as long as this. Since 0.1.0.
    ///
    /// # Errors
    /// In a forked child: the system had no descriptor left.
    pub fn descriptor(&self) -> io::Result<Descriptor<'_>> {
        match &self.shared().ends {
            Some((readable, _)) => Ok(borrowed(readable)),
            None => Err(io::Error::other("no descriptor was left in this child")),
        }
    }
}

impl fmt::Debug for Completions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.shared().tags.lock().len();
        formatter
            .debug_struct("Completions")
            .field("waiting", &waiting)
            .finish()
    }
}
