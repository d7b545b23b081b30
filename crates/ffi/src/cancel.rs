//! The cancel token.

use crate::arguments::{Handle, new_handle};
use crate::boundary::plain;
use crate::handle::{Kind, Object};
use polyai_chat_core::CancelToken;

/// Ends calls that are under way.
pub struct polyai_cancel(pub(crate) CancelToken);

impl Object for polyai_cancel {
    const KIND: Kind = Kind::Cancel;
}

/// Makes a token that can end calls. Give it to their requests with `polyai_request_set_cancel`.
///
/// One token may serve any number of calls, at the same time or one after the other. NULL only when there are too many
/// handles.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn polyai_cancel_new() -> *mut polyai_cancel {
    plain(|| new_handle(polyai_cancel(CancelToken::new())))
}

/// Lets go of a token. Calls that have it go on.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_cancel_free(cancel: *mut polyai_cancel) {
    plain(|| cancel.free("cancel"));
}

/// Ends the calls that are under way with this token, in whatever phase they are. Each returns
/// `POLYAI_STATUS_CANCELLED` with a truthful delivery.
///
/// When no call is under way with it, nothing happens: calls that begin later run as usual. Where the cancellation may come
/// before the call begins, use `polyai_cancel_trigger_for_good`. Not for signal handlers.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// Cancels: the calls that are under way with the token.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_cancel_trigger(cancel: *mut polyai_cancel) {
    plain(|| {
        cancel.get("cancel")?.0.cancel();
        Ok(())
    });
}

/// Ends the calls that are under way with this token, as `polyai_cancel_trigger`, and has every later call with it fail with
/// `POLYAI_STATUS_CANCELLED`, not sent. It cannot be undone: use a new token for calls that are to run. Not for signal handlers.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// Cancels: the calls that are under way with the token, and all later ones.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_cancel_trigger_for_good(cancel: *mut polyai_cancel) {
    plain(|| {
        cancel.get("cancel")?.0.cancel_for_good();
        Ok(())
    });
}
