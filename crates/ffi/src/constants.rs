//! The types of numbers in C. Their constants are those of the core, by the same names: xtask writes them into header and manifest.

use std::ffi::{c_char, c_void};

/// It went well. The only status without an error object.
pub const POLYAI_STATUS_OK: polyai_status = 0;

/// What a fallible function returns: `POLYAI_STATUS_OK`, or the kind of its failure. Newer libraries may return numbers that this
/// header does not name.
pub type polyai_status = u32;

/// Whether the request of a failed call reached the conversation.
pub type polyai_delivery = u32;

/// What is known about a conversation.
pub type polyai_state = u32;

/// How urgent a log line is.
pub type polyai_log_level = u32;

/// Stands for the length of a text that ends with a NUL.
pub const POLYAI_NUL_TERMINATED: usize = usize::MAX;

/// The number of this ABI. It grows with every addition. A library can be used if it is between `polyai_abi_oldest` and
/// `polyai_abi_newest`, which is asked at run time.
pub const POLYAI_ABI_VERSION: u32 = 1;

/// The oldest ABI whose programs this library runs; it is also the number in the name `libpolyai_chat.so.1`.
pub(crate) const POLYAI_ABI_OLDEST: u32 = 1;

/// Gets a line for a log, which hides what `polyai_error_text` hides. `line` ends with a NUL and
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

/// Polled while a call waits, on the thread of the call, at least every 50 ms and when a signal arrives; a non-zero result cancels
/// the call. It must return, and not by `longjmp` or an exception.
pub type polyai_check_callback = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i32>;

/// Is told that a started call is done. Otherwise as `polyai_log_callback`.
pub type polyai_done_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Says that a callback's `user_data` is not needed any more. Called exactly once, on whichever thread lets go of it last, also
/// where setting the callback failed.
pub type polyai_release_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;
