use super::refusal::Refusal;
use super::{Decision, text};
use crate::records::{Conversation, Conversations, Phase};
use crate::settings::{Settings, UnknownConversation};
use crate::shared::Shared;
use crate::wire::reply::Reply;
use serde_json::{Map, Value, json};
use std::time::Duration;

pub(super) fn close(shared: &Shared, fields: &Map<String, Value>) -> Result<Decision, Refusal> {
    let id = text(fields, "conversation_id").unwrap_or_default();
    let processed = shared.change(|state| {
        let conversations = &mut state.records.conversations;
        // Closing is idempotent: a second close says the same as the first.
        if conversations
            .get(id)
            .is_some_and(|conversation| conversation.phase() == Phase::Closed)
        {
            return Ok(false);
        }
        find_open(&shared.settings, conversations, id)?
            .record
            .closed = true;
        Ok(true)
    })?;
    Ok(Decision {
        reply: Reply::json(200, json!({"success": true})),
        thinking: Duration::ZERO,
        processed,
        conversation_id: Some(id.to_owned()),
        turn: None,
    })
}

/// The conversation, if it can still take a turn or be closed.
pub(super) fn find_open<'a>(
    settings: &Settings,
    conversations: &'a mut Conversations,
    id: &str,
) -> Result<&'a mut Conversation, Refusal> {
    let Some(conversation) = conversations.get_mut(id) else {
        return Err(match settings.unknown_conversation {
            UnknownConversation::NotFound => not_found(id),
            UnknownConversation::Gone => ended(settings),
        });
    };
    let idle = conversation.last_used.elapsed();
    if conversation.phase() == Phase::Open
        && conversation.record.turns_in_flight == 0
        && settings.idle_limit.is_some_and(|limit| idle > limit)
    {
        conversation.record.timed_out = true;
    }
    match conversation.phase() {
        Phase::Open => Ok(conversation),
        Phase::Ended | Phase::Closed => Err(ended(settings)),
        Phase::TimedOut => Err(Refusal::new(
            400,
            "CHAT_TIMEOUT",
            "The conversation has outlived its time limit",
        )),
    }
}

fn not_found(id: &str) -> Refusal {
    Refusal::new(
        404,
        "CONVERSATIONS_NOT_FOUND",
        format!("There is no conversation `{id}`"),
    )
}

fn ended(settings: &Settings) -> Refusal {
    Refusal::new(
        410,
        settings.ended_code.text(),
        "The conversation has already ended",
    )
}
