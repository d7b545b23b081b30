//! Notice of each fork, where there is one.

#[cfg(unix)]
pub(crate) use unix::call_in_children;
#[cfg(windows)]
pub(crate) use windows::call_in_children;

#[cfg(unix)]
mod unix {
    /// Has this called in each forked child. It may do only what a signal handler may.
    #[allow(unsafe_code)]
    pub(crate) fn call_in_children(in_child: extern "C" fn()) {
        // SAFETY: hands over a function that lives as long as the program.
        unsafe {
            libc::pthread_atfork(None, None, Some(in_child));
        }
    }
}

#[cfg(windows)]
mod windows {
    /// A process is never forked.
    pub(crate) fn call_in_children(_: extern "C" fn()) {}
}
