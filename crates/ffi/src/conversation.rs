//! The conversation.

use crate::arguments::{Handle, NewHandle, lend, optional_text};
use crate::boundary::{fallible, plain};
use crate::constants::{polyai_state, polyai_status};
use crate::error::polyai_error;
use crate::handle::{Kind, Object};
use crate::reply::polyai_reply;
use crate::request::{self, polyai_request};
use crate::text::LazyText;
use crate::turn::polyai_turn;
use std::ffi::c_char;

/// One conversation with the agent.
pub struct polyai_conversation {
    conversation: polyai_chat_core::Conversation,
    id: LazyText,
    greeting: LazyText,
}

impl Object for polyai_conversation {
    const KIND: Kind = Kind::Conversation;
}

impl polyai_conversation {
    pub(crate) fn new(conversation: polyai_chat_core::Conversation) -> Self {
        Self {
            conversation,
            id: LazyText::default(),
            greeting: LazyText::default(),
        }
    }
}

/// Frees a conversation. Sends nothing: close it first. Turns that were started go on.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_conversation_free(conversation: *mut polyai_conversation) {
    plain(|| conversation.free("conversation"));
}

/// One turn: says `message`, and gives the agent's reply. A `message` of NULL is a turn without a message, which is not
/// the same as an empty one; the legacy dialect has none, and sends an empty one.
///
/// Turns of one conversation are sent one at a time, in the order of the calls; a waiting call stays inside its own deadline.
///
/// Errors: `POLYAI_STATUS_CONVERSATION_ENDED` without a request when it is over; `POLYAI_STATUS_BUSY` when the deadline passes
/// while an earlier turn is under way; else any. Send again only where `polyai_error_may_resend` says so.
///
/// Blocks: until the agent has replied, at most for the deadline. Threads: any. Since: 0.1.0.
/// May be NULL: message, request.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_conversation_respond(
    conversation: *mut polyai_conversation,
    message: *const c_char,
    message_length: usize,
    request: *const polyai_request,
    reply: *mut *mut polyai_reply,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let reply = NewHandle::new(reply, "reply")?;
        let conversation = conversation.get("conversation")?;
        let message = optional_text(message, message_length, "message")?;
        let request = request::respond(request, message)?;
        reply.give(polyai_reply::of_turn(
            conversation.conversation.respond(request)?,
        ))
    })
}

/// Starts a turn and returns at once. The turn is queued now, and its deadline starts now. Take the reply with
/// `polyai_turn_take_reply`.
///
/// Errors: those of the arguments; `POLYAI_STATUS_INTERNAL` when no thread can be had. Errors of the turn come when the
/// reply is taken.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// May be NULL: message, request.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_conversation_start_respond(
    conversation: *mut polyai_conversation,
    message: *const c_char,
    message_length: usize,
    request: *const polyai_request,
    turn: *mut *mut polyai_turn,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let turn = NewHandle::new(turn, "turn")?;
        let conversation = conversation.get("conversation")?;
        let message = optional_text(message, message_length, "message")?;
        let request = request::respond(request, message)?;
        let started = conversation.conversation.start_respond(request)?;
        turn.give(polyai_turn::new(started))
    })
}

/// Closes it. Sent once, also when the service has said that it is over; later calls give the first answer. Waits for
/// earlier turns.
///
/// Errors: `POLYAI_STATUS_UNSUPPORTED` in the legacy dialect, which has no close; else any.
///
/// Blocks: at most for the deadline of a close. Threads: any. Since: 0.1.0.
/// May be NULL: request, reply.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_conversation_close(
    conversation: *mut polyai_conversation,
    request: *const polyai_request,
    reply: *mut *mut polyai_reply,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let conversation = conversation.get("conversation")?;
        let request = request::close(request)?;
        NewHandle::optional(reply).give(polyai_reply::of_close(
            conversation.conversation.close_with(request)?,
        ))
    })
}

/// Starts to close it and returns at once. Take the reply with `polyai_turn_take_reply`.
///
/// Errors: as `polyai_conversation_start_respond`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// May be NULL: request.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_conversation_start_close(
    conversation: *mut polyai_conversation,
    request: *const polyai_request,
    turn: *mut *mut polyai_turn,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let turn = NewHandle::new(turn, "turn")?;
        let conversation = conversation.get("conversation")?;
        let request = request::close(request)?;
        turn.give(polyai_turn::new(
            conversation.conversation.start_close(request)?,
        ))
    })
}

/// Closes it if that is still of use: sends nothing when it is over or the dialect has no close. For the end of a
/// scope.
///
/// Errors: any.
///
/// Blocks: at most for the client's deadline of a close. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_conversation_close_if_open(
    conversation: *mut polyai_conversation,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        conversation
            .get("conversation")?
            .conversation
            .close_if_open()
            .map(drop)
    })
}

/// Starts to close it if that is still of use, as `polyai_conversation_close_if_open`, and returns at once. Take the outcome
/// with `polyai_turn_take_reply`, which gives NULL where nothing was sent.
///
/// Errors: as `polyai_conversation_start_respond`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_conversation_start_close_if_open(
    conversation: *mut polyai_conversation,
    turn: *mut *mut polyai_turn,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let turn = NewHandle::new(turn, "turn")?;
        let conversation = conversation.get("conversation")?;
        turn.give(polyai_turn::new(
            conversation.conversation.start_close_if_open()?,
        ))
    })
}

/// The id that the service gave it.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_conversation_id(
    conversation: *const polyai_conversation,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let conversation = conversation.get("conversation")?;
        Ok(lend(
            conversation.id.get(|| Some(conversation.conversation.id())),
            length,
        ))
    })
}

/// What the agent said first; empty for a conversation that was attached to.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_conversation_greeting(
    conversation: *const polyai_conversation,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let conversation = conversation.get("conversation")?;
        let greeting = || Some(conversation.conversation.greeting().response());
        Ok(lend(conversation.greeting.get(greeting), length))
    })
}

/// The greeting with all that came with it, as a reply of its own. Empty for a conversation that was attached to.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_conversation_greeting_reply(
    conversation: *const polyai_conversation,
    reply: *mut *mut polyai_reply,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let reply = NewHandle::new(reply, "reply")?;
        let conversation = conversation.get("conversation")?;
        let greeting = conversation.conversation.greeting();
        reply.give(polyai_reply::of_create(greeting.clone()))
    })
}

/// What is known about it now: one of `POLYAI_STATE_...`; 0 where the handle is wrong.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_conversation_state(
    conversation: *const polyai_conversation,
) -> polyai_state {
    plain(|| {
        Ok(conversation
            .get("conversation")?
            .conversation
            .state()
            .number())
    })
}
