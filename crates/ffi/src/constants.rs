//! The names of numbers in C. Numbers never change their meaning and are never used again.

use std::ffi::{c_char, c_void};

/// What a fallible function returns: `POLYAI_STATUS_OK`, or the kind of its failure. Newer libraries may return numbers that this
/// header does not name.
pub type polyai_status = u32;

/// It went well. The only status without an error object.
pub const POLYAI_STATUS_OK: polyai_status = 0;
/// A call was given something it cannot send. Nothing was sent; correct the argument.
pub const POLYAI_STATUS_INVALID_ARGUMENT: polyai_status = 1;
/// The configuration is missing something or holds something wrong. The message names the option, where it came from and what would
/// be right.
pub const POLYAI_STATUS_CONFIGURATION: polyai_status = 2;
/// The chosen dialect of the service has no such operation or field. Nothing was sent.
pub const POLYAI_STATUS_UNSUPPORTED: polyai_status = 3;
/// The service refused the API key or the connector token (401).
pub const POLYAI_STATUS_AUTHENTICATION: polyai_status = 4;
/// Key and token are known but not allowed to do this (403).
pub const POLYAI_STATUS_PERMISSION: polyai_status = 5;
/// No such conversation, account or project (404).
pub const POLYAI_STATUS_NOT_FOUND: polyai_status = 6;
/// The conversation is over. Create a new one.
pub const POLYAI_STATUS_CONVERSATION_ENDED: polyai_status = 7;
/// The service understood the request and refused it (another 4xx).
pub const POLYAI_STATUS_REJECTED: polyai_status = 8;
/// Too many requests (429). Wait for `polyai_error_retry_after_ms` if it is given.
pub const POLYAI_STATUS_RATE_LIMITED: polyai_status = 9;
/// The service failed (5xx or 408). The turn may have been processed.
pub const POLYAI_STATUS_SERVER: polyai_status = 10;
/// No connection, or it was lost: name, TCP, proxy or certificate, as the phase tells.
pub const POLYAI_STATUS_CONNECT: polyai_status = 11;
/// The deadline passed. The phase tells where.
pub const POLYAI_STATUS_TIMEOUT: polyai_status = 12;
/// The call was cancelled.
pub const POLYAI_STATUS_CANCELLED: polyai_status = 13;
/// The answer was not what the service is documented to send.
pub const POLYAI_STATUS_PROTOCOL: polyai_status = 14;
/// The deadline passed while the turn waited for an earlier one, or too many calls are in flight. Nothing was sent.
pub const POLYAI_STATUS_BUSY: polyai_status = 15;
/// Too many calls failed lately, so this one was not tried. Nothing was sent.
pub const POLYAI_STATUS_UNAVAILABLE: polyai_status = 16;
/// A defect of this library. Please report it with the message.
pub const POLYAI_STATUS_INTERNAL: polyai_status = 17;

/// Whether the request of a failed call reached the conversation.
pub type polyai_delivery = u32;

/// No byte of the request left this machine: it is safe to send it again.
pub const POLYAI_DELIVERY_NOT_SENT: polyai_delivery = 1;
/// The service answered, and the turn did not enter the conversation: it is safe to send it again.
pub const POLYAI_DELIVERY_REJECTED: polyai_delivery = 2;
/// The service may have acted on it: sending it again may double it.
pub const POLYAI_DELIVERY_UNKNOWN: polyai_delivery = 3;

/// What is known about a conversation.
pub type polyai_state = u32;

/// Turns can be sent.
pub const POLYAI_STATE_OPEN: polyai_state = 1;
/// Turns can be sent, but the fate of an earlier one is unknown. The next complete reply settles it.
pub const POLYAI_STATE_IN_DOUBT: polyai_state = 2;
/// The service has said that it is over. Turns are refused without a request.
pub const POLYAI_STATE_ENDED: polyai_state = 3;
/// It was closed from this side. Turns are refused without a request.
pub const POLYAI_STATE_CLOSED: polyai_state = 4;

/// How urgent a log line is.
pub type polyai_log_level = u32;

/// Something failed for good.
pub const POLYAI_LOG_WARN: polyai_log_level = 1;
/// Something failed and is tried again.
pub const POLYAI_LOG_INFO: polyai_log_level = 2;
/// An attempt succeeded.
pub const POLYAI_LOG_DEBUG: polyai_log_level = 3;

/// Stands for the length of a text that ends with a NUL.
pub const POLYAI_NUL_TERMINATED: usize = usize::MAX;

/// The number of this ABI. It grows with every addition. A library can be used if it is between `polyai_abi_oldest` and
/// `polyai_abi_newest`, which is asked at run time.
pub const POLYAI_ABI_VERSION: u32 = 1;

/// The oldest ABI whose programs this library runs; it is also the number in the name `libpolyai_chat.so.1`.
pub(crate) const POLYAI_ABI_OLDEST: u32 = 1;

/// Gets a line for a log, which holds neither key nor token nor a message of the conversation. `line` ends with a NUL and
/// is gone when the callback returns. Runs inside the call, on its thread, which for a started call is one of the library's, with no lock held. It must return, and not by
/// `longjmp` or an exception.
pub type polyai_log_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        level: polyai_log_level,
        line: *const c_char,
        length: usize,
    ),
>;

/// Gets what is known of one attempt to get a request answered, as a JSON object, when it has ended. Otherwise as
/// `polyai_log_callback`.
pub type polyai_attempt_callback = Option<
    unsafe extern "C" fn(user_data: *mut c_void, attempt_json: *const c_char, length: usize),
>;

/// Is asked by a call that waits, on its own thread, at least every 50 ms and when a signal arrives; anything but 0 cancels
/// the call. It must return, and not by `longjmp` or an exception.
pub type polyai_check_callback = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i32>;

/// Says that a callback's `user_data` is not needed any more. Called exactly once, on whichever thread lets go of it last, also
/// where setting the callback failed.
pub type polyai_release_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

#[cfg(test)]
mod tests {
    use polyai_chat_core::{ConversationState, Delivery, ErrorKind};

    const SOURCE: &str = include_str!("constants.rs");

    fn value_of(name: &str) -> Option<u32> {
        let (_, rest) = SOURCE.split_once(&format!("pub const {name}: "))?;
        let (_, rest) = rest.split_once("= ")?;
        rest.split_once(';')?.0.parse().ok()
    }

    #[test]
    fn every_kind_of_failure_has_its_status() {
        for kind in ErrorKind::ALL {
            let name = format!("POLYAI_STATUS_{}", kind.name().to_uppercase());
            assert_eq!(value_of(&name), Some(kind.number()), "{name}");
        }
        assert_eq!(
            SOURCE.matches("pub const POLYAI_STATUS_").count(),
            ErrorKind::ALL.len() + 2,
            "OK, and the one in this test"
        );
    }

    #[test]
    fn deliveries_and_states_have_the_numbers_of_the_core() {
        for delivery in [Delivery::NotSent, Delivery::Rejected, Delivery::Unknown] {
            let name = format!("POLYAI_DELIVERY_{}", delivery.name().to_uppercase());
            assert_eq!(value_of(&name), Some(delivery as u32), "{name}");
        }
        for state in [
            ConversationState::Open,
            ConversationState::InDoubt,
            ConversationState::Ended,
            ConversationState::Closed,
        ] {
            let name = format!("POLYAI_STATE_{}", state.name().to_uppercase());
            assert_eq!(
                value_of(&name),
                Some(crate::conversation::state_number(state)),
                "{name}"
            );
        }
    }
}
