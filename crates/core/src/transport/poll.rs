//! The one system call that no library here wraps: waiting for several sockets at once.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// Waits until one of the sockets can be written to, has failed, or the time is over, and returns which are ready.
/// A signal ends the waiting early with none ready.
#[allow(unsafe_code)]
pub(super) fn wait_writable(
    sockets: &[BorrowedFd<'_>],
    timeout: Duration,
) -> io::Result<Vec<bool>> {
    let mut entries: Vec<libc::pollfd> = sockets
        .iter()
        .map(|socket| libc::pollfd {
            fd: socket.as_raw_fd(),
            events: libc::POLLOUT,
            revents: 0,
        })
        .collect();
    // Rounded up, or the last fraction of a millisecond would be spent spinning.
    let milliseconds = timeout.as_micros().div_ceil(1000).min(60_000);
    let count = libc::nfds_t::try_from(entries.len()).unwrap_or(libc::nfds_t::MAX);
    // SAFETY: `entries` is a valid array of `count` initialised entries for the whole call, and the borrowed
    // descriptors stay open during it.
    let ready = unsafe {
        libc::poll(
            entries.as_mut_ptr(),
            count,
            libc::c_int::try_from(milliseconds).unwrap_or(libc::c_int::MAX),
        )
    };
    if ready < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(entries.iter().map(|entry| entry.revents != 0).collect())
}
