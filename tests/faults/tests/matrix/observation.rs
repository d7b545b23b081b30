//! What was seen of one call, from both sides.

use polyai_chat_core::{ConversationState, Error, Operation};
use polyai_chat_simulator::ReceivedRequest;
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
}

impl Observation {
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
