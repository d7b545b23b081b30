//! One caller after the other on one line: create, a few turns with thought between them, close.

use crate::chance::Chance;
use crate::ledger::{Belief, CloseBelief, Creation, Held, Ledger, TAG, Turn};
use crate::overshoot::Overshoot;
use crate::questions::Questions;
use crate::report::Tally;
use polyai_chat_core::{Client, Close, Conversation, Create, Error, ErrorKind, Respond};
use std::thread;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_millis(500);
const LEAST_THOUGHT: Duration = Duration::from_millis(20);
const MOST_THOUGHT: Duration = Duration::from_millis(300);
const MOST_TURNS: u64 = 20;

/// What one line has seen.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) ledger: Ledger,
    pub(crate) tally: Tally,
    pub(crate) overshoot: Overshoot,
    /// Replies that belonged to another turn.
    pub(crate) mixed_up: Vec<String>,
}

pub(crate) struct Line<'a> {
    pub(crate) number: usize,
    pub(crate) client: &'a Client,
    pub(crate) questions: &'a Questions,
    pub(crate) until: Instant,
}

impl Line<'_> {
    pub(crate) fn run(&self, mut chance: Chance) -> Notes {
        let mut notes = Notes::default();
        for call in 0.. {
            if Instant::now() >= self.until {
                break;
            }
            let tag = format!("{}-{call}", self.number);
            let outcome = notes.time("create", || {
                let request = Create::new().attribute(TAG, tag.as_str());
                self.client.create(request.timeout(DEADLINE))
            });
            notes.ledger.creations.push(Creation {
                belief: Belief::of(&outcome),
                tag: tag.clone(),
            });
            if let Ok(conversation) = outcome {
                let held = self.hold(&conversation, &tag, &mut chance, &mut notes);
                notes.ledger.held.push(held);
            }
        }
        notes
    }

    fn hold(
        &self,
        conversation: &Conversation,
        tag: &str,
        chance: &mut Chance,
        notes: &mut Notes,
    ) -> Held {
        let mut held = Held {
            id: conversation.id().to_owned(),
            turns: Vec::new(),
            close: None,
        };
        for turn in 0..=chance.below(MOST_TURNS) {
            thread::sleep(chance.between(LEAST_THOUGHT, MOST_THOUGHT));
            if Instant::now() >= self.until || conversation.is_over() {
                break;
            }
            let words = format!("{} [{tag}.{turn}]", self.questions.any(chance));
            let outcome = notes.time("respond", || {
                conversation.respond(Respond::new(words.as_str()).timeout(DEADLINE))
            });
            if let Ok(reply) = &outcome
                && reply.response() != words
            {
                notes
                    .mixed_up
                    .push(format!("{words:?} was answered {:?}", reply.response()));
            }
            held.turns.push(Turn::new(words, &outcome));
        }
        if !conversation.is_over() {
            let outcome = notes.time("close", || {
                conversation.close_with(Close::new().timeout(DEADLINE))
            });
            held.close = Some(match &outcome {
                Ok(closed) if closed.was_over() => CloseBelief::WasOver,
                other => CloseBelief::Told(Belief::of(other)),
            });
        }
        held
    }
}

impl Notes {
    fn time<T>(
        &mut self,
        operation: &'static str,
        call: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let began = Instant::now();
        let outcome = call();
        let elapsed = began.elapsed();
        let kind = outcome.as_ref().err().map(Error::kind);
        self.tally.add(operation, Belief::of(&outcome), kind);
        self.overshoot
            .add(elapsed, DEADLINE, kind == Some(ErrorKind::Timeout));
        outcome
    }
}
