//! What was seen of one call, from both sides.

use crate::bench::LeftOpen;
use polyai_chat_core::{ConversationState, Error, ErrorKind, Operation};
use polyai_chat_simulator::ReceivedRequest;
use std::fmt;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) operation: Operation,
    pub(crate) deadline: Duration,
    /// The caller has said that a 503 of this service means that it did not act.
    pub(crate) refuses_with_503: bool,

    /// How the call ended; `None` for success.
    pub(crate) error: Option<Error>,
    pub(crate) elapsed: Duration,
    /// How late the machine was meanwhile.
    pub(crate) lateness: Duration,
    /// Attempts by the client's counter.
    pub(crate) attempts: u64,
    /// What the conversation believes afterwards, where the call was a turn of one.
    pub(crate) state: Option<ConversationState>,

    /// What the server received of the call, as far as it read it.
    pub(crate) received: Vec<ReceivedRequest>,
    /// How often the server's own ledger changed: conversations made, turns in the conversation, or conversations closed.
    pub(crate) ledger: u64,
    /// What went wrong when the same client went on afterwards.
    pub(crate) afterwards: Option<String>,
    /// The connections that the server still had when every client was gone.
    pub(crate) left_open: Option<LeftOpen>,
}

impl Observation {
    pub(crate) fn kind(&self) -> Option<ErrorKind> {
        self.error.as_ref().map(Error::kind)
    }

    /// Requests that arrived as a whole.
    pub(crate) fn requests(&self) -> u64 {
        self.count(|request| request.complete)
    }

    /// How often the server acted on a request of the call.
    pub(crate) fn taken(&self) -> u64 {
        self.count(|request| request.processed)
    }

    fn count(&self, condition: fn(&ReceivedRequest) -> bool) -> u64 {
        let matching = self.received.iter().filter(|request| condition(request));
        u64::try_from(matching.count()).unwrap()
    }
}

impl fmt::Display for Observation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            None => write!(formatter, "success")?,
            Some(error) => write!(formatter, "{error} [{}]", error.delivery())?,
        }
        write!(
            formatter,
            " after {:.3?} of {:?}; {} attempts",
            self.elapsed, self.deadline, self.attempts
        )?;
        for attempt in self.error.iter().flat_map(Error::attempts) {
            write!(
                formatter,
                " ({} in {}, {:.3?}: {})",
                attempt.number, attempt.phase, attempt.elapsed, attempt.outcome
            )?;
        }
        write!(
            formatter,
            "; the server read {} requests",
            self.received.len()
        )?;
        for request in &self.received {
            write!(
                formatter,
                " ({} bytes of body, {}, {}, status {:?})",
                request.body.len(),
                if request.complete { "whole" } else { "cut" },
                if request.processed {
                    "acted on"
                } else {
                    "not acted on"
                },
                request.status
            )?;
        }
        write!(formatter, "; its ledger changed {} times", self.ledger)?;
        if let Some(state) = self.state {
            write!(formatter, "; the conversation is {}", state.name())?;
        }
        write!(formatter, "; the machine was {:.1?} late", self.lateness)
    }
}
