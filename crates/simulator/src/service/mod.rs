//! What the Chat API answers, without a thought for how bytes travel.

mod admission;
mod close;
mod create;
pub(crate) mod refusal;
mod respond;
mod route;
mod schema;
pub(crate) mod substitute;

pub(crate) use route::Route;

use crate::operation::Operation;
use crate::shared::Shared;
use crate::wire::head::Head;
use crate::wire::reply::Reply;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// A request that arrived whole.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) head: &'a Head,
    pub(crate) body: &'a [u8],
    pub(crate) route: &'a Route,
    pub(crate) correlation_id: &'a str,
}

/// What the service decided. It has acted already; the reply may still be lost.
pub(crate) struct Decision {
    pub(crate) reply: Reply,
    /// How long the agent thinks before it answers.
    pub(crate) thinking: Duration,
    /// Whether the request changed a conversation.
    pub(crate) processed: bool,
    pub(crate) conversation_id: Option<String>,
    /// Held until the reply is out, where the request was a turn.
    pub(crate) turn: Option<TurnInFlight>,
}

/// A turn counts as in flight for as long as this lives.
pub(crate) struct TurnInFlight {
    shared: Arc<Shared>,
    conversation_id: String,
}

impl Drop for TurnInFlight {
    fn drop(&mut self) {
        self.shared.change(|state| {
            if let Some(conversation) = state.records.conversations.get_mut(&self.conversation_id) {
                conversation.turn_finished();
            }
        });
    }
}

/// Acts on a request.
pub(crate) fn act(shared: &Arc<Shared>, request: &Request<'_>) -> Decision {
    let outcome = admission::check(shared, request).and_then(|operation| {
        let fields = schema::object(operation, request.body)?;
        schema::check(shared.settings.dialect, operation, &fields)?;
        match operation {
            Operation::Create => Ok(create::create(shared, fields, request.correlation_id)),
            Operation::Respond => respond::respond(shared, &fields, request.correlation_id),
            Operation::Close => close::close(shared, &fields),
        }
    });
    let decision = outcome.unwrap_or_else(|refusal| Decision {
        conversation_id: named_conversation(request.body),
        reply: refusal.reply(request.correlation_id),
        thinking: Duration::ZERO,
        processed: false,
        turn: None,
    });
    if let Some(id) = &decision.conversation_id {
        shared.change(|state| {
            if let Some(conversation) = state.records.conversations.get_mut(id) {
                conversation.record.last_status = Some(decision.reply.status);
            }
        });
    }
    decision
}

/// The conversation that a request body names, whatever else is wrong with it.
pub(crate) fn named_conversation(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    value.get("conversation_id")?.as_str().map(str::to_owned)
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}
