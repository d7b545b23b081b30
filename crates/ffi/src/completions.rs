//! The started calls that are done, behind one descriptor.

use crate::arguments::{Handle, NewHandle, Out};
use crate::boundary::{fallible, plain};
use crate::constants::polyai_status;
use crate::error::polyai_error;
use crate::handle::{Kind, Object};
use crate::turn::polyai_turn;
use polyai_chat_core::{Completions, Error, descriptor_number};
use std::ptr;
use std::time::Duration;

/// Tells which of many started calls are done.
pub struct polyai_completions(Completions);

impl Object for polyai_completions {
    const KIND: Kind = Kind::Completions;
}

/// Makes a list of started calls that are done, by tags of the caller's, with one descriptor for all of them. For an event loop,
/// and for a language whose interpreter no thread of the library may enter.
///
/// Errors: `POLYAI_STATUS_INTERNAL` when the process has no descriptor left.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_completions_new(
    completions: *mut *mut polyai_completions,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let completions = NewHandle::new(completions, "completions")?;
        completions.give(polyai_completions(
            Completions::new().map_err(no_descriptor)?,
        ))
    })
}

/// Frees the list. Calls that it expects go on, and keep what they need of it.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_completions_free(completions: *mut polyai_completions) {
    plain(|| completions.free("completions"));
}

/// Has `tag` appear in the list once the call of the turn is done, or a moment later; at once where it is done already; also when
/// the turn was freed meanwhile.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_completions_expect(
    completions: *mut polyai_completions,
    turn: *const polyai_turn,
    tag: u64,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let completions = completions.get("completions")?;
        turn.get("turn")?.announce(&completions.0, tag);
        Ok(())
    })
}

/// Waits until a call is done whose tag has not been taken, but no longer than `timeout_ms` milliseconds; `is_ready` tells whether
/// there is one.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: at most for `timeout_ms`, and no longer than a day. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_completions_wait(
    completions: *const polyai_completions,
    timeout_ms: u64,
    is_ready: *mut bool,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let is_ready = Out::new(is_ready, "is_ready")?;
        let completions = completions.get("completions")?;
        is_ready.give(completions.0.wait(Duration::from_millis(timeout_ms)));
        Ok(())
    })
}

/// A descriptor that is readable while there are tags to take, for a host that has an event loop (poll, epoll, select).
///
/// Wait for it only: it is neither to be read nor closed, and is gone when the list is freed. A forked child has an empty list and
/// a descriptor of its own. On Windows it is a `SOCKET`, for `WSAPoll` and select.
///
/// Errors: `POLYAI_STATUS_INTERNAL` when a forked child has no descriptor left.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_completions_fd(
    completions: *const polyai_completions,
    descriptor: *mut i32,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let descriptor = Out::new(descriptor, "descriptor")?;
        let completions = completions.get("completions")?;
        let found = completions.0.descriptor().map_err(no_descriptor)?;
        descriptor.give(descriptor_number(found));
        Ok(())
    })
}

/// Takes the tags of calls that are done, those that came first in front: writes at most `capacity` of them to `tags`, and returns
/// how many. Each is given once. 0 where there are none, or an argument is wrong.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_completions_take(
    completions: *mut polyai_completions,
    tags: *mut u64,
    capacity: usize,
) -> usize {
    plain(|| {
        let completions = completions.get("completions")?;
        if tags.is_null() {
            return Ok(0);
        }
        let taken = completions.0.take(capacity);
        // The caller says that there is room for `capacity` of them, and these are no more.
        ptr::copy_nonoverlapping(taken.as_ptr(), tags, taken.len());
        Ok(taken.len())
    })
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn no_descriptor(error: std::io::Error) -> Error {
    Error::internal(format!(
        "no descriptor can be had for the completions: {error}"
    ))
}
