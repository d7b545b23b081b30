//! Keeps `pthread_cancel` out of our frames.
//!
//! A thread that is cancelled while it waits for the network would be unwound from there, which Rust answers by aborting the
//! process. So it is cancelled when the call is over. `polyai_cancel` ends the call sooner.

#[cfg(unix)]
pub(crate) use unix::NotCancelled;
#[cfg(windows)]
pub(crate) use windows::NotCancelled;

#[cfg(unix)]
mod unix {
    use std::ffi::c_int;
    use std::ptr;

    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }

    /// As pthread.h has it: 0 on macOS.
    const PTHREAD_CANCEL_DISABLE: c_int = cfg!(not(target_vendor = "apple")) as c_int;

    /// While it lives, this thread cannot be cancelled.
    pub(crate) struct NotCancelled {
        before: c_int,
    }

    impl NotCancelled {
        pub(crate) fn from_here_on() -> Self {
            let mut before = 0;
            // SAFETY: it writes the state that was, and nothing else.
            unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &raw mut before) };
            Self { before }
        }
    }

    impl Drop for NotCancelled {
        fn drop(&mut self) {
            // SAFETY: it only sets the state; a cancellation that is pending waits for a function that can be cancelled.
            unsafe { pthread_setcancelstate(self.before, ptr::null_mut()) };
        }
    }
}

#[cfg(windows)]
mod windows {
    /// A thread is never cancelled here.
    pub(crate) struct NotCancelled;

    impl NotCancelled {
        pub(crate) fn from_here_on() -> Self {
            Self
        }
    }
}
