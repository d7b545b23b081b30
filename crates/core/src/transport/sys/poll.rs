//! The one system call that no library here wraps: waiting for several sockets at once.

#[cfg(unix)]
pub(in crate::transport) use unix::wait_writable;
#[cfg(windows)]
pub(in crate::transport) use windows::{wait_readable, wait_writable};

use std::time::Duration;

/// Rounded up, or the last fraction of a millisecond would be spent spinning.
fn milliseconds(timeout: Duration, most: i32) -> i32 {
    let rounded_up = timeout.as_micros().div_ceil(1000);
    i32::try_from(rounded_up).unwrap_or(most).min(most)
}

#[cfg(unix)]
mod unix {
    use super::milliseconds;
    use socket2::Socket;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    /// Waits until one of the sockets can be written to, has failed, or the time is over, and returns which are ready.
    /// A signal ends the waiting early with none ready.
    #[allow(unsafe_code)]
    pub(in crate::transport) fn wait_writable<'a>(
        sockets: impl Iterator<Item = &'a Socket>,
        timeout: Duration,
    ) -> io::Result<Vec<bool>> {
        let mut entries: Vec<libc::pollfd> = sockets
            .map(|socket| libc::pollfd {
                fd: socket.as_raw_fd(),
                events: libc::POLLOUT,
                revents: 0,
            })
            .collect();
        let count = libc::nfds_t::try_from(entries.len()).unwrap_or(libc::nfds_t::MAX);
        // SAFETY: `entries` is a valid array of `count` initialised entries for the whole call, and the borrowed
        // sockets stay open during it.
        let ready =
            unsafe { libc::poll(entries.as_mut_ptr(), count, milliseconds(timeout, 60_000)) };
        if ready < 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(entries.iter().map(|entry| entry.revents != 0).collect())
    }
}

#[cfg(windows)]
mod windows {
    use super::milliseconds;
    use socket2::Socket;
    use std::io;
    use std::iter;
    use std::os::windows::io::AsRawSocket;
    use std::time::Duration;
    use windows_sys::Win32::Networking::WinSock::{POLLRDNORM, POLLWRNORM, WSAPOLLFD, WSAPoll};

    /// How long the system may wait at a time: a socket that is shut down by another thread does not always wake it.
    const LONGEST_MS: i32 = 20;

    /// Waits until one of the sockets can be written to, has failed, or the time is over, and returns which are ready. It may
    /// end early with none ready.
    pub(in crate::transport) fn wait_writable<'a>(
        sockets: impl Iterator<Item = &'a Socket>,
        timeout: Duration,
    ) -> io::Result<Vec<bool>> {
        wait(sockets, POLLWRNORM, milliseconds(timeout, LONGEST_MS))
    }

    /// Waits until something has come, the socket has failed, or the time is over, and returns whether it is ready. For so short
    /// a time that nobody needs to end it.
    pub(in crate::transport) fn wait_readable(
        socket: &Socket,
        timeout: Duration,
    ) -> io::Result<bool> {
        let ready = wait(
            iter::once(socket),
            POLLRDNORM,
            milliseconds(timeout, i32::MAX),
        )?;
        Ok(ready.contains(&true))
    }

    #[allow(unsafe_code)]
    fn wait<'a>(
        sockets: impl Iterator<Item = &'a Socket>,
        events: i16,
        milliseconds: i32,
    ) -> io::Result<Vec<bool>> {
        let mut entries: Vec<WSAPOLLFD> = sockets
            .map(|socket| WSAPOLLFD {
                fd: usize::try_from(socket.as_raw_socket()).unwrap_or(usize::MAX),
                events,
                revents: 0,
            })
            .collect();
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        // SAFETY: `entries` is a valid array of `count` initialised entries for the whole call, and the borrowed
        // sockets stay open during it.
        match unsafe { WSAPoll(entries.as_mut_ptr(), count, milliseconds) } {
            0.. => Ok(entries.iter().map(|entry| entry.revents != 0).collect()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}
