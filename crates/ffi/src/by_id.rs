//! Conversations by their id alone: no order among turns and no state is kept. For hosts that keep ids, such as web servers.

use crate::arguments::{Handle, NewHandle, optional_text, text};
use crate::boundary::fallible;
use crate::client::polyai_client;
use crate::constants::polyai_status;
use crate::error::polyai_error;
use crate::reply::polyai_reply;
use crate::request::{self, polyai_request};
use crate::turn::polyai_turn;
use std::ffi::c_char;

/// One turn of a conversation by its id alone: no order among turns and no state is kept. A `message` of NULL is a turn
/// without a message, as in `polyai_conversation_respond`.
///
/// Errors: any.
///
/// Blocks: until the agent has replied, at most for the deadline. Threads: any. Since: 0.1.0.
/// May be NULL: message, request.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_respond(
    client: *mut polyai_client,
    conversation_id: *const c_char,
    conversation_id_length: usize,
    message: *const c_char,
    message_length: usize,
    request: *const polyai_request,
    reply: *mut *mut polyai_reply,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let reply = NewHandle::new(reply, "reply")?;
        let client = client.get("client")?;
        let id = text(conversation_id, conversation_id_length, "conversation_id")?;
        let message = optional_text(message, message_length, "message")?;
        let request = request::respond(request, message)?;
        reply.give(polyai_reply::of_turn(client.client.respond(id, request)?))
    })
}

/// Starts a turn of a conversation by its id alone, and returns at once; its deadline starts now. Turns of one conversation that
/// are started so go their way at the same time. Take the reply with `polyai_turn_take_reply`.
///
/// Errors: as `polyai_client_start_create`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// May be NULL: message, request.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_start_respond(
    client: *mut polyai_client,
    conversation_id: *const c_char,
    conversation_id_length: usize,
    message: *const c_char,
    message_length: usize,
    request: *const polyai_request,
    turn: *mut *mut polyai_turn,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let turn = NewHandle::new(turn, "turn")?;
        let client = client.get("client")?;
        let id = text(conversation_id, conversation_id_length, "conversation_id")?;
        let message = optional_text(message, message_length, "message")?;
        let request = request::respond(request, message)?;
        turn.give(polyai_turn::new(client.client.start_respond(id, request)?))
    })
}

/// Closes a conversation by its id. One that is over already counts as closed.
///
/// Errors: `POLYAI_STATUS_UNSUPPORTED` in the legacy dialect, which has no close; else any.
///
/// Blocks: at most for the deadline of a close. Threads: any. Since: 0.1.0.
/// May be NULL: request, reply.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_close_conversation(
    client: *mut polyai_client,
    conversation_id: *const c_char,
    conversation_id_length: usize,
    request: *const polyai_request,
    reply: *mut *mut polyai_reply,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let client = client.get("client")?;
        let id = text(conversation_id, conversation_id_length, "conversation_id")?;
        let request = request::close(request)?;
        NewHandle::optional(reply).give(polyai_reply::of_close(
            client.client.close_conversation(id, request)?,
        ))
    })
}

/// Starts to close a conversation by its id, and returns at once. Take the reply with `polyai_turn_take_reply`.
///
/// Errors: as `polyai_client_start_create`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// May be NULL: request.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_client_start_close_conversation(
    client: *mut polyai_client,
    conversation_id: *const c_char,
    conversation_id_length: usize,
    request: *const polyai_request,
    turn: *mut *mut polyai_turn,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let turn = NewHandle::new(turn, "turn")?;
        let client = client.get("client")?;
        let id = text(conversation_id, conversation_id_length, "conversation_id")?;
        let request = request::close(request)?;
        turn.give(polyai_turn::new(
            client.client.start_close_conversation(id, request)?,
        ))
    })
}
