//! One line of the table: a fault, where it can happen, and what is expected of a turn and of a close.

use crate::expectation::Expectation;
use crate::transport::Transport;
use polyai_chat_core::Operation;
use polyai_chat_simulator::{Action, Dialect, Moment, TlsError, TlsIdentity};
use std::time::Duration;

/// Long enough for anything that should happen at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The deadline of calls that are expected to end by it.
pub(crate) const SHORT: Duration = Duration::from_millis(500);
/// How late a call may end.
pub(crate) const LATE: Duration = Duration::from_secs(1);

pub(crate) struct Row {
    pub(crate) words: String,
    pub(crate) trouble: Trouble,
    /// The call's deadline.
    pub(crate) deadline: Duration,
    /// Time is its subject: a machine that is late can make another case of it, and all of its times can be stretched.
    pub(crate) is_timed: bool,
    /// The client's options that matter here.
    pub(crate) options: Vec<(&'static str, &'static str)>,
    /// How much longer than usual the request is.
    pub(crate) padding: usize,
    /// Whether it needs TLS, or plain text; `None` for any transport.
    pub(crate) over_tls: Option<bool>,
    /// Whether it needs a kept connection, or a new one; `None` for both.
    pub(crate) on_kept: Option<bool>,
    pub(crate) only: Option<(Operation, Dialect)>,
    /// Of create and respond.
    pub(crate) turn: Option<Expectation>,
    pub(crate) close: Option<Expectation>,
}

pub(crate) enum Trouble {
    /// The server does this every time.
    Always(Vec<Action>),
    /// The server does this the first time.
    Once(Vec<Action>),
    /// The server has ended the kept connection while it was idle.
    IdleEnded { by_reset: bool },
    /// Nobody listens at the address.
    NobodyListens,
    /// The server shows this certificate; whether the client trusts its authority is the second.
    Certificate(fn() -> Result<TlsIdentity, TlsError>, bool),
}

impl Trouble {
    /// Whether a connection ends while it is idle. Through a proxy the client sees that whenever the proxy passes it on,
    /// which may be when the next request is half way.
    fn ends_an_idle_connection(&self) -> bool {
        matches!(self, Self::IdleEnded { .. }) || self.ends_connection_after_reply()
    }

    /// Whether the server ends the connection of a call that succeeded.
    pub(crate) fn ends_connection_after_reply(&self) -> bool {
        let after_reply = |action: &Action| {
            matches!(
                action,
                Action::Close {
                    at: Moment::AfterReply
                } | Action::Reset {
                    at: Moment::AfterReply
                }
            )
        };
        matches!(self, Self::Always(actions) if actions.iter().any(after_reply))
    }

    /// Whether the service can be reached at all.
    pub(crate) fn lets_calls_through(&self) -> bool {
        !matches!(self, Self::NobodyListens | Self::Certificate(..))
    }
}

impl Row {
    pub(crate) fn new(words: impl Into<String>, trouble: Trouble) -> Self {
        let opens_one = !trouble.lets_calls_through();
        Self {
            words: words.into(),
            on_kept: match trouble {
                Trouble::IdleEnded { .. } => Some(true),
                _ if opens_one => Some(false),
                _ => None,
            },
            trouble,
            deadline: PATIENCE,
            is_timed: false,
            options: Vec::new(),
            padding: 0,
            over_tls: None,
            only: None,
            turn: None,
            close: None,
        }
    }

    /// What is expected of create and respond.
    pub(crate) fn turn(self, expectation: Expectation) -> Self {
        Self {
            turn: Some(expectation),
            ..self
        }
    }

    pub(crate) fn close(self, expectation: Expectation) -> Self {
        Self {
            close: Some(expectation),
            ..self
        }
    }

    /// The same of every operation.
    pub(crate) fn any(self, expectation: Expectation) -> Self {
        self.turn(expectation.clone()).close(expectation)
    }

    pub(crate) fn option(mut self, name: &'static str, value: &'static str) -> Self {
        self.options.push((name, value));
        self
    }

    pub(crate) fn padded(self, padding: usize) -> Self {
        Self { padding, ..self }
    }

    pub(crate) fn short(self) -> Self {
        Self {
            deadline: SHORT,
            ..self.timed()
        }
    }

    pub(crate) fn timed(self) -> Self {
        Self {
            is_timed: true,
            ..self
        }
    }

    pub(crate) fn over_tls(self) -> Self {
        Self {
            over_tls: Some(true),
            ..self
        }
    }

    pub(crate) fn over_plain(self) -> Self {
        Self {
            over_tls: Some(false),
            ..self
        }
    }

    pub(crate) fn on_new(self) -> Self {
        Self {
            on_kept: Some(false),
            ..self
        }
    }

    pub(crate) fn only(self, operation: Operation, dialect: Dialect) -> Self {
        Self {
            only: Some((operation, dialect)),
            ..self
        }
    }

    pub(crate) fn expectation(&self, operation: Operation) -> Option<&Expectation> {
        match operation {
            Operation::Create | Operation::Respond => self.turn.as_ref(),
            Operation::Close => self.close.as_ref(),
        }
    }

    /// Whether the fault can happen there.
    pub(crate) fn concerns(
        &self,
        operation: Operation,
        dialect: Dialect,
        transport: &Transport,
        kept: bool,
    ) -> bool {
        let exists = operation != Operation::Close || dialect == Dialect::Current;
        exists
            && self.expectation(operation).is_some()
            && self.only.is_none_or(|only| only == (operation, dialect))
            && self.over_tls.is_none_or(|tls| tls == transport.is_secure)
            && self.on_kept.is_none_or(|wanted| wanted == kept)
            && (transport.is_direct() || !self.trouble.ends_an_idle_connection())
    }
}
