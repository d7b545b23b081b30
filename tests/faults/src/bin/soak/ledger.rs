//! What the callers believe, and its comparison with what the server counted.

use polyai_chat_core::{Delivery, Error};
use polyai_chat_simulator::{ConversationRecord, Simulator};
use std::collections::{BTreeMap, HashMap};

/// How a call ended, as its caller was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Belief {
    Success,
    NotSent,
    Rejected,
    Unknown,
}

impl Belief {
    pub(crate) fn of<T>(outcome: &Result<T, Error>) -> Self {
        match outcome.as_ref().map_err(Error::delivery) {
            Ok(_) => Self::Success,
            Err(Delivery::NotSent) => Self::NotSent,
            Err(Delivery::Rejected) => Self::Rejected,
            Err(Delivery::Unknown) => Self::Unknown,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }

    fn agrees_with(self, count: usize) -> bool {
        match self {
            Self::Success => count == 1,
            Self::NotSent | Self::Rejected => count == 0,
            Self::Unknown => count <= 1,
        }
    }
}

/// How a close ended, as its caller was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseBelief {
    /// Success, because the service says that there is nothing to close any more: this server may be lying.
    WasOver,
    Told(Belief),
}

/// A create by its tag.
pub(crate) struct Creation {
    pub(crate) tag: String,
    pub(crate) belief: Belief,
}

/// A turn, as its caller was told how it ended.
pub(crate) struct Turn {
    pub(crate) words: String,
    pub(crate) belief: Belief,
    /// The error, where the server must not have acted.
    pub(crate) error: Option<String>,
}

impl Turn {
    pub(crate) fn new<T>(words: String, outcome: &Result<T, Error>) -> Self {
        let error = outcome.as_ref().err().filter(|error| error.may_resend());
        Self {
            words,
            belief: Belief::of(outcome),
            error: error.map(|error| format!("{error:?}")),
        }
    }
}

/// A conversation that its caller has had, with its turns in their order.
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) turns: Vec<Turn>,
    pub(crate) close: Option<CloseBelief>,
}

/// Everything that callers were told.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) creations: Vec<Creation>,
    pub(crate) held: Vec<Held>,
}

/// The attribute by which a create is found among the server's conversations.
pub(crate) const TAG: &str = "soak_call";

impl Ledger {
    pub(crate) fn extend(&mut self, other: Self) {
        self.creations.extend(other.creations);
        self.held.extend(other.held);
    }

    /// Every way in which the two sides' books contradict each other.
    pub(crate) fn disagreements(&self, simulator: &Simulator) -> Vec<String> {
        let records = simulator.conversations();
        let mut found = self.creations_against(&records);
        let by_id: HashMap<_, _> = records
            .iter()
            .map(|record| (record.id.as_str(), record))
            .collect();
        let mut strangers = records
            .iter()
            .filter(|record| record.turns > 0)
            .map(|record| record.id.as_str())
            .collect::<std::collections::HashSet<_>>();
        for held in &self.held {
            strangers.remove(held.id.as_str());
            match by_id.get(held.id.as_str()) {
                Some(record) => found.extend(held.against(record)),
                None => found.push(format!("{} is unknown to the server", held.id)),
            }
        }
        for id in strangers {
            found.push(format!("{id} has turns that nobody has sent"));
        }
        found
    }

    fn creations_against(&self, records: &[ConversationRecord]) -> Vec<String> {
        let mut made: BTreeMap<&str, usize> = BTreeMap::new();
        let mut found = Vec::new();
        for record in records {
            let tag = record
                .created_with
                .get("integration_attributes")
                .and_then(|attributes| attributes.get(TAG))
                .and_then(|tag| tag.as_str());
            match tag {
                Some(tag) => *made.entry(tag).or_default() += 1,
                None => found.push(format!("{} was created by nobody", record.id)),
            }
        }
        for creation in &self.creations {
            let count = made.remove(creation.tag.as_str()).unwrap_or_default();
            if !creation.belief.agrees_with(count) {
                found.push(format!(
                    "create {} was {}, but made {count} conversations",
                    creation.tag,
                    creation.belief.name()
                ));
            }
        }
        found.extend(
            made.keys()
                .map(|tag| format!("create {tag} is in no ledger")),
        );
        found
    }
}

impl Held {
    fn against(&self, record: &ConversationRecord) -> Vec<String> {
        let mut found = Vec::new();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for message in record.messages.iter().flatten() {
            *counts.entry(message.as_str()).or_default() += 1;
        }
        for turn in &self.turns {
            let count = counts.remove(turn.words.as_str()).unwrap_or_default();
            if !turn.belief.agrees_with(count) {
                found.push(format!(
                    "{}: {:?} was {}, but entered {count} times: {}",
                    self.id,
                    turn.words,
                    turn.belief.name(),
                    turn.error.as_deref().unwrap_or_default()
                ));
            }
        }
        for words in counts.keys() {
            found.push(format!("{}: {words:?} was said by nobody", self.id));
        }
        if !self.is_in_order(record) {
            found.push(format!("{}: turns entered out of order", self.id));
        }
        match self.close {
            Some(CloseBelief::Told(Belief::Success)) if !record.closed => {
                found.push(format!("{}: closed, says the caller", self.id));
            }
            Some(CloseBelief::Told(Belief::NotSent | Belief::Rejected)) | None if record.closed => {
                found.push(format!("{}: not closed, says the caller", self.id));
            }
            _ => {}
        }
        found
    }

    /// Whether what the server heard is in the order in which it was said.
    fn is_in_order(&self, record: &ConversationRecord) -> bool {
        let mut said = self.turns.iter().map(|turn| &turn.words);
        record
            .messages
            .iter()
            .flatten()
            .all(|heard| said.any(|words| words == heard))
    }
}
