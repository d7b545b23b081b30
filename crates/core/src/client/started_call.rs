//! A started call of any kind, for bindings to languages that do not tell a [`Turn`] of one kind from another.

use super::Conversation;
use crate::call::{Completions, Turn};
use crate::foundation::sys::pair::Descriptor;
use crate::model::{Closed, Reply};
use std::io;
use std::time::Duration;

/// A started call, whatever its outcome is. The methods are those of [`Turn`].
#[derive(Debug)]
pub enum StartedCall {
    /// Creates a conversation.
    Create(Turn<Conversation>),
    /// Sends a turn.
    Respond(Turn<Reply>),
    /// Closes a conversation.
    Close(Turn<Closed>),
    /// Closes a conversation unless it is over.
    CloseIfOpen(Turn<Option<Closed>>),
    /// Opens a connection.
    WarmUp(Turn<()>),
}

/// Does the same with a turn of any kind.
macro_rules! with_turn {
    ($call:expr, $turn:ident => $work:expr) => {
        match $call {
            StartedCall::Create($turn) => $work,
            StartedCall::Respond($turn) => $work,
            StartedCall::Close($turn) => $work,
            StartedCall::CloseIfOpen($turn) => $work,
            StartedCall::WarmUp($turn) => $work,
        }
    };
}

// Inline, so that a binding compiles them as it compiles itself: the C library for size.
impl StartedCall {
    /// As [`Turn::wait`].
    #[inline]
    pub fn wait(&self, at_most: Duration) -> bool {
        with_turn!(self, turn => turn.wait(at_most))
    }

    /// As [`Turn::is_done`].
    #[must_use]
    #[inline]
    pub fn is_done(&self) -> bool {
        with_turn!(self, turn => turn.is_done())
    }

    /// As [`Turn::cancel`].
    #[inline]
    pub fn cancel(&self) {
        with_turn!(self, turn => turn.cancel());
    }

    /// As [`Turn::correlation_id`].
    #[must_use]
    #[inline]
    pub fn correlation_id(&self) -> &str {
        with_turn!(self, turn => turn.correlation_id())
    }

    /// As [`Turn::descriptor`].
    ///
    /// # Errors
    /// The system has no descriptor left.
    #[inline]
    pub fn descriptor(&self) -> io::Result<Descriptor<'_>> {
        with_turn!(self, turn => turn.descriptor())
    }

    /// As [`Turn::when_done`].
    #[inline]
    pub fn when_done(&self, callback: impl FnOnce() + Send + 'static) {
        with_turn!(self, turn => turn.when_done(callback));
    }

    /// As [`Completions::expect`].
    #[inline]
    pub fn announce(&self, completions: &Completions, tag: u64) {
        with_turn!(self, turn => completions.expect(turn, tag));
    }
}

macro_rules! from_turn {
    ($($kind:ident of $outcome:ty),*) => {$(
        impl From<Turn<$outcome>> for StartedCall {
            fn from(turn: Turn<$outcome>) -> Self {
                Self::$kind(turn)
            }
        }
    )*};
}

from_turn!(
    Create of Conversation,
    Respond of Reply,
    Close of Closed,
    CloseIfOpen of Option<Closed>,
    WarmUp of ()
);
