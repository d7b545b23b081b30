//! A call that was started.

use crate::arguments::{Handle, NewHandle, Out, lend};
use crate::boundary::{fallible, plain};
use crate::callback::Callback;
use crate::constants::{polyai_done_callback, polyai_release_callback, polyai_status};
use crate::conversation::polyai_conversation;
use crate::error::polyai_error;
use crate::handle::{Kind, Object};
use crate::reply::polyai_reply;
use crate::text::LazyText;
use polyai_chat_core::{Error, StartedCall, descriptor_number};
use std::ffi::{CStr, c_char, c_void};
use std::time::Duration;

/// A call that was started, and is waited for.
pub struct polyai_turn {
    call: StartedCall,
    correlation_id: LazyText,
}

impl Object for polyai_turn {
    const KIND: Kind = Kind::Turn;
}

impl polyai_turn {
    pub(crate) fn new(call: impl Into<StartedCall>) -> Self {
        Self {
            call: call.into(),
            correlation_id: LazyText::default(),
        }
    }

    fn operation(&self) -> &'static CStr {
        match &self.call {
            StartedCall::Create(_) => c"create",
            StartedCall::Respond(_) => c"respond",
            StartedCall::Close(_) | StartedCall::CloseIfOpen(_) => c"close",
            StartedCall::WarmUp(_) => c"warm_up",
        }
    }

    /// Has the tag appear there when the call is done.
    pub(crate) fn announce(&self, completions: &polyai_chat_core::Completions, tag: u64) {
        self.call.announce(completions, tag);
    }
}

/// Frees a turn, and cancels its call if that is still under way, which then ends within milliseconds: its callbacks may
/// still run meanwhile. A thread that waits for it is woken.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// Cancels: the call of the turn.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_turn_free(turn: *mut polyai_turn) {
    plain(|| {
        // Now, and not when the last thread has left it: that thread may be waiting for just this.
        if let Some(turn) = turn.find() {
            turn.call.cancel();
        }
        turn.free("turn")
    });
}

/// Waits until the call is done, but no longer than `timeout_ms` milliseconds; `is_done` tells whether it is. The call goes
/// on all the same.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: at most for `timeout_ms`, and no longer than a day. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_turn_wait(
    turn: *const polyai_turn,
    timeout_ms: u64,
    is_done: *mut bool,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let is_done = Out::new(is_done, "is_done")?;
        let turn = turn.get("turn")?;
        let at_most = Duration::from_millis(timeout_ms);
        is_done.give(turn.call.wait(at_most));
        Ok(())
    })
}

/// A descriptor that becomes readable when the call is done, for a host that has an event loop (poll, epoll, select).
///
/// Wait for it only: it is neither to be read nor closed, and is gone when the turn is freed. On Windows it is a `SOCKET`, for
/// `WSAPoll` and select; a host that waits for an I/O completion port takes `polyai_turn_when_done`.
///
/// Errors: `POLYAI_STATUS_INTERNAL` when the process has no descriptor left.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_turn_fd(
    turn: *const polyai_turn,
    descriptor: *mut i32,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let descriptor = Out::new(descriptor, "descriptor")?;
        let turn = turn.get("turn")?;
        let found = turn.call.descriptor().map(descriptor_number);
        descriptor.give(found.map_err(|error| {
            Error::internal(format!("no descriptor can be had for the turn: {error}"))
        })?);
        Ok(())
    })
}

/// Has `callback` called once when the call is done: on the thread of the call, which is one of the library's, or inside this
/// function where the call is done already. `release`, which may be NULL, is called afterwards, and where this function fails.
///
/// For a runtime that completes a future of its own then. A host with an event loop, or whose interpreter no foreign thread may
/// enter, uses `polyai_completions_expect` or `polyai_turn_fd`.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_turn_when_done(
    turn: *const polyai_turn,
    callback: polyai_done_callback,
    user_data: *mut c_void,
    release: polyai_release_callback,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let callback = Callback::new(callback, user_data, release)?;
        let turn = turn.get("turn")?;
        let notify = move || {
            let function = callback.function();
            // SAFETY: the caller says that it may be called with this pointer, on any thread.
            unsafe { function(callback.user_data()) };
        };
        turn.call.when_done(notify);
        Ok(())
    })
}

/// What was started: `create`, `respond`, `close` or `warm_up`; NULL where the handle is wrong.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_turn_operation(turn: *const polyai_turn) -> *const c_char {
    plain(|| Ok(turn.get("turn")?.operation().as_ptr()))
}

/// Ends the call, which is then done within milliseconds, with a truthful delivery. Does nothing when it is done already.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// Cancels: the call of the turn.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_turn_cancel(turn: *mut polyai_turn) {
    plain(|| {
        let turn = turn.get("turn")?;
        turn.call.cancel();
        Ok(())
    });
}

/// Takes the conversation that `polyai_client_start_create` started to create. It can be taken once. The turn is to be
/// freed all the same.
///
/// Errors: those of `polyai_client_create`; `POLYAI_STATUS_INVALID_ARGUMENT` where something else was started, or the outcome
/// has been taken.
///
/// Blocks: until the call is done, at most for its deadline. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_turn_take_conversation(
    turn: *mut polyai_turn,
    conversation: *mut *mut polyai_conversation,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let conversation = NewHandle::new(conversation, "conversation")?;
        let turn = turn.get("turn")?;
        match &turn.call {
            StartedCall::Create(call) => {
                let outcome = call.take_once().ok_or_else(taken_already)?;
                conversation.give(polyai_conversation::new(outcome?))
            }
            _ => Err(Error::invalid_argument(format!(
                "the turn is a {}; take its reply with polyai_turn_take_reply",
                turn.operation().to_string_lossy()
            ))),
        }
    })
}

/// Takes the reply of a turn that was started, or the answer to a close. It can be taken once. The turn is to be freed
/// all the same. `reply` becomes NULL where the call went well and there is no answer: after a warm-up, and where
/// `polyai_conversation_start_close_if_open` had nothing to send.
///
/// Errors: those of the call that was started; `POLYAI_STATUS_INVALID_ARGUMENT` where that was a create, or the outcome has been
/// taken.
///
/// Blocks: until the call is done, at most for its deadline. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_turn_take_reply(
    turn: *mut polyai_turn,
    reply: *mut *mut polyai_reply,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let reply = NewHandle::new(reply, "reply")?;
        let turn = turn.get("turn")?;
        match &turn.call {
            StartedCall::Respond(call) => {
                let outcome = call.take_once().ok_or_else(taken_already)?;
                reply.give(polyai_reply::of_turn(outcome?))
            }
            StartedCall::Close(call) => {
                let outcome = call.take_once().ok_or_else(taken_already)?;
                reply.give(polyai_reply::of_close(outcome?))
            }
            StartedCall::CloseIfOpen(call) => {
                match call.take_once().ok_or_else(taken_already)?? {
                    Some(closed) => reply.give(polyai_reply::of_close(closed))?,
                    None => reply.give_none(),
                }
                Ok(())
            }
            StartedCall::WarmUp(call) => {
                call.take_once().ok_or_else(taken_already)??;
                reply.give_none();
                Ok(())
            }
            StartedCall::Create(_) => Err(Error::invalid_argument(
                "the turn is a create; take its conversation with polyai_turn_take_conversation",
            )),
        }
    })
}

/// The id that the service's support asks for; it is known before the call is done.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_turn_correlation_id(
    turn: *const polyai_turn,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let turn = turn.get("turn")?;
        let id = || Some(turn.call.correlation_id());
        Ok(lend(turn.correlation_id.get(id), length))
    })
}

fn taken_already() -> Error {
    Error::invalid_argument("the outcome of the turn has been taken already")
}
