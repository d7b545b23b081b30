//! What the simulator saw and did, as its user may read it.

mod conversation;
mod counts;
mod received;

pub use conversation::ConversationRecord;
pub(crate) use conversation::{Conversation, Conversations, Phase};
pub use counts::Counts;
pub use received::ReceivedRequest;

use crate::operation::Operation;
use crate::settings::Recording;
use std::collections::VecDeque;

/// How many requests, and how many messages of one conversation, are kept in full.
pub(crate) const KEPT: usize = 10_000;

/// The number of a request to the simulator's own endpoints, which are not recorded.
pub(crate) const UNNUMBERED: u64 = 0;

/// Everything that was received and counted so far.
#[derive(Debug, Default)]
pub struct Records {
    pub(crate) recording: Recording,
    pub(crate) counts: Counts,
    pub(crate) conversations: Conversations,
    received: VecDeque<ReceivedRequest>,
    last_number: u64,
    /// How many creates were answered by the script.
    opened: usize,
}

impl Records {
    pub(crate) fn new(recording: Recording) -> Self {
        Self {
            recording,
            ..Self::default()
        }
    }

    /// The requests that were received, oldest first: the last 10,000 of them.
    #[must_use]
    pub fn received(
        &self,
    ) -> impl DoubleEndedIterator<Item = &ReceivedRequest> + ExactSizeIterator {
        self.received.iter()
    }

    /// How many requests of one operation were received, recorded in full or not.
    #[must_use]
    pub fn requests_to(&self, operation: Operation) -> u64 {
        self.counts.requests_to(operation)
    }

    /// The counters.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The conversations in the order in which they were created.
    pub fn conversations(&self) -> impl Iterator<Item = &ConversationRecord> {
        self.conversations.records()
    }

    /// One conversation by its id.
    #[must_use]
    pub fn conversation(&self, id: &str) -> Option<&ConversationRecord> {
        self.conversations
            .get(id)
            .map(|conversation| &conversation.record)
    }

    /// Gives a request its number, before anything is decided about it.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Counts the creates that the script answers, the first being 0.
    pub(crate) fn next_opening(&mut self) -> usize {
        let nth = self.opened;
        self.opened = self.opened.wrapping_add(1);
        nth
    }

    pub(crate) fn add(&mut self, request: ReceivedRequest) {
        self.counts.add(&request);
        if self.recording == Recording::Full {
            if self.received.len() >= KEPT {
                self.received.pop_front();
            }
            self.received.push_back(request);
        }
    }

    /// The recorded request of that number, for what becomes known about it later.
    pub(crate) fn request_mut(&mut self, number: u64) -> Option<&mut ReceivedRequest> {
        if number == UNNUMBERED {
            return None;
        }
        self.received
            .iter_mut()
            .rev()
            .find(|request| request.number == number)
    }

    /// Forgets requests and counters; conversations and open connections live on. The next create is the script's first.
    pub(crate) fn clear(&mut self) {
        self.opened = 0;
        self.received.clear();
        self.counts.clear();
    }
}
