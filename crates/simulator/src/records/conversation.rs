use crate::script::Place;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

/// How many conversations are remembered; the oldest is forgotten first.
const REMEMBERED: usize = 100_000;

/// What a user may know of one conversation. The server's count is the truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConversationRecord {
    /// The conversation's id.
    pub id: String,
    /// The object that the create request carried.
    pub created_with: Map<String, Value>,
    /// How many turns entered the conversation.
    pub turns: u64,
    /// What the user said in each turn, oldest first: `None` where the message was absent.
    pub messages: VecDeque<Option<String>>,
    /// What the agent said first.
    pub greeting: String,
    /// What the agent said in each turn, as long as `messages`.
    pub replies: VecDeque<String>,
    /// Whether the agent ended it.
    pub ended: bool,
    /// Whether the client closed it.
    pub closed: bool,
    /// Whether it outlived its time limit.
    pub timed_out: bool,
    /// The handoff that was last asked for.
    pub handoff: Option<Value>,
    /// The status that the service last decided on for this conversation, delivered or not.
    pub last_status: Option<u16>,
    /// How many turns are being answered now.
    pub turns_in_flight: u32,
    /// The most turns that were answered at the same time; 1 where turns keep their order.
    pub most_turns_in_flight: u32,
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    Ended,
    Closed,
    TimedOut,
}

#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) record: ConversationRecord,
    pub(crate) last_used: Instant,
    /// Where it stands in the script, if that has its turns one by one.
    pub(crate) place: Option<Place>,
}

impl Conversation {
    pub(crate) fn new(
        id: String,
        created_with: Map<String, Value>,
        greeting: String,
        place: Option<Place>,
    ) -> Self {
        Self {
            record: ConversationRecord {
                id,
                created_with,
                greeting,
                ..ConversationRecord::default()
            },
            last_used: Instant::now(),
            place,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        if self.record.timed_out {
            Phase::TimedOut
        } else if self.record.closed {
            Phase::Closed
        } else if self.record.ended {
            Phase::Ended
        } else {
            Phase::Open
        }
    }

    pub(crate) fn turn_started(&mut self) {
        let record = &mut self.record;
        record.turns += 1;
        record.turns_in_flight += 1;
        record.most_turns_in_flight = record.most_turns_in_flight.max(record.turns_in_flight);
        self.last_used = Instant::now();
    }

    pub(crate) fn turn_finished(&mut self) {
        self.record.turns_in_flight = self.record.turns_in_flight.saturating_sub(1);
        self.last_used = Instant::now();
    }
}

/// The conversations by id, which keep the order of their creation.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    by_order: BTreeMap<u64, Conversation>,
    order_of: HashMap<String, u64>,
    last_order: u64,
}

impl Conversations {
    pub(crate) fn add(&mut self, conversation: Conversation) {
        if self.by_order.len() >= REMEMBERED
            && let Some((_, oldest)) = self.by_order.pop_first()
        {
            self.order_of.remove(&oldest.record.id);
        }
        self.last_order += 1;
        self.order_of
            .insert(conversation.record.id.clone(), self.last_order);
        self.by_order.insert(self.last_order, conversation);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Conversation> {
        self.by_order.get(self.order_of.get(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Conversation> {
        self.by_order.get_mut(self.order_of.get(id)?)
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &ConversationRecord> {
        self.by_order
            .values()
            .map(|conversation| &conversation.record)
    }
}
