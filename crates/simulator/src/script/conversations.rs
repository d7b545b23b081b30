//! Conversations that are scripted turn by turn, whether recorded or written by hand.

use super::rules::Saying;
use super::template::{Scene, Template};
use crate::fault::Answer;
use serde_json::{Map, Value};
use std::time::Duration;

/// Which scripted turn a conversation comes to next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    conversation: usize,
    turn: usize,
}

#[derive(Clone, Debug)]
pub(super) struct ScriptedConversation {
    /// Which one of the script it is, from 1.
    pub(super) number: usize,
    pub(super) opening: ScriptedOpening,
    pub(super) turns: Vec<ScriptedTurn>,
}

/// What comes of a create.
#[derive(Clone, Debug)]
pub(super) enum ScriptedOpening {
    Greeting {
        /// Without one the script's usual greeting is said.
        text: Option<Template>,
        fields: Map<String, Value>,
        delay: Duration,
    },
    Answer(Answer),
}

#[derive(Clone, Debug)]
pub(super) struct ScriptedTurn {
    /// Which one of its conversation it is, from 1.
    pub(super) number: usize,
    pub(super) expected: Expected,
    pub(super) reply: ScriptedReply,
}

/// What the customer says, as far as that is scripted.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Anything,
    NoMessage,
    Message(String),
}

#[derive(Clone, Debug)]
pub(super) enum ScriptedReply {
    Saying {
        text: Template,
        end: bool,
        handoff: Option<Value>,
        fields: Map<String, Value>,
        delay: Option<Duration>,
    },
    Answer(Answer),
}

/// The scripted conversations, in the order in which they are held.
#[derive(Clone, Debug, Default)]
pub(super) struct ScriptedConversations {
    pub(super) list: Vec<ScriptedConversation>,
    /// Whether another message than the scripted one is refused.
    pub(super) strict: bool,
}

impl ScriptedConversations {
    /// The conversation of the nth create, from 0: in their order, and after the last one from the first one on.
    pub(super) fn of_create(&self, nth: usize) -> Option<(&ScriptedOpening, Place)> {
        let conversation = nth.checked_rem(self.list.len())?;
        let opening = &self.list.get(conversation)?.opening;
        let place = Place {
            conversation,
            turn: 0,
        };
        Some((opening, place))
    }

    /// What is scripted for this message, and moves on; `None` after the last turn.
    ///
    /// # Errors
    /// Why the message is refused.
    pub(super) fn reply(
        &self,
        place: &mut Place,
        message: Option<&str>,
    ) -> Result<Option<&ScriptedReply>, String> {
        let Some(conversation) = self.list.get(place.conversation) else {
            return Ok(None);
        };
        let Some(turn) = conversation.turns.get(place.turn) else {
            return Ok(None);
        };
        if self.strict
            && let Some(wanted) = turn.expected.instead_of(message)
        {
            return Err(format!(
                "Turn {} of conversation {} in the script is {wanted}, not {}",
                turn.number,
                conversation.number,
                shown(message)
            ));
        }
        place.turn += 1;
        Ok(Some(&turn.reply))
    }

    /// Says which turn is missing where there is no more.
    pub(super) fn no_more(&self, place: Option<Place>) -> String {
        const REMEDY: &str = "; `default_reply` or [[rules]] in the script would answer it";
        let conversation = place.and_then(|place| self.list.get(place.conversation));
        match conversation {
            Some(conversation) => format!(
                "Conversation {} in the script has no turn after its turn {}{REMEDY}",
                conversation.number,
                conversation.turns.last().map_or(0, |turn| turn.number)
            ),
            None => format!("The script has no reply to this{REMEDY}"),
        }
    }
}

impl Expected {
    /// What was expected, if it is not this message.
    fn instead_of(&self, message: Option<&str>) -> Option<String> {
        match (self, message) {
            (Self::Anything, _) | (Self::NoMessage, None) => None,
            (Self::Message(wanted), Some(message)) if wanted == message => None,
            (Self::NoMessage, Some(_)) => Some(shown(None)),
            (Self::Message(wanted), _) => Some(shown(Some(wanted))),
        }
    }
}

impl ScriptedReply {
    /// The words for this turn; the usual delay is for turns without one of their own.
    pub(super) fn fill(&self, scene: &Scene<'_, '_>, usual_delay: Duration) -> Reply {
        match self {
            Self::Answer(answer) => Reply::Answered(answer.clone()),
            Self::Saying {
                text,
                end,
                handoff,
                fields,
                delay,
            } => Reply::Said(Saying {
                text: text.fill(scene),
                end: *end,
                handoff: handoff.clone(),
                fields: fields.clone(),
                delay: delay.unwrap_or(usual_delay),
            }),
        }
    }
}

/// What comes of a respond.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// The turn is taken, and this is said.
    Said(Saying),
    /// Something is answered in the service's place; the turn is not taken.
    Answered(Answer),
    /// The script does not know what to say, and why; the turn is not taken.
    Refused(String),
}

/// What comes of a create.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Opening {
    /// The conversation begins with these words.
    Greeted {
        text: String,
        fields: Map<String, Value>,
        delay: Duration,
        place: Option<Place>,
    },
    /// Something is answered in the service's place; no conversation begins.
    Answered(Answer),
}

fn shown(message: Option<&str>) -> String {
    match message {
        Some(message) => format!("the message {message:?}"),
        None => "one without a message".to_owned(),
    }
}
