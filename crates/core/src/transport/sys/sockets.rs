//! What sockets do not do alike: at once or not at all, and how their errors are called.

#[cfg(unix)]
pub(in crate::transport) use unix::{
    interrupt, is_connecting, is_exhaustion, may_receive, peek_at_once, send_at_once, send_waiting,
};
#[cfg(windows)]
pub(in crate::transport) use windows::{
    interrupt, is_connecting, is_exhaustion, may_receive, peek_at_once, send_at_once, send_waiting,
};

#[cfg(unix)]
mod unix {
    use socket2::Socket;
    use std::io;
    use std::mem::MaybeUninit;
    use std::net::Shutdown;
    use std::time::Duration;

    /// Hands over what the system takes without waiting.
    pub(in crate::transport) fn send_at_once(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
        socket.send_with_flags(bytes, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)
    }

    /// Hands over what the system takes, waiting as long as the timeout that the socket has too.
    pub(in crate::transport) fn send_waiting(
        socket: &Socket,
        bytes: &[u8],
        _: Duration,
    ) -> io::Result<usize> {
        socket.send_with_flags(bytes, libc::MSG_NOSIGNAL)
    }

    /// Whether a receive with this timeout is to be tried: it is what waits.
    pub(in crate::transport) fn may_receive(_: &Socket, _: Duration) -> io::Result<bool> {
        Ok(true)
    }

    /// Lets a thread go that is blocked on the socket, for good: the socket is of no more use.
    pub(in crate::transport) fn interrupt(socket: &Socket) {
        let _ = socket.shutdown(Shutdown::Both);
    }

    /// Whether a connection is neither open nor refused yet.
    pub(in crate::transport) fn is_connecting(error: &io::Error) -> bool {
        error.raw_os_error() == Some(libc::EINPROGRESS)
    }

    /// Whether a limit of the machine is the cause.
    pub(in crate::transport) fn is_exhaustion(error: &io::Error) -> bool {
        matches!(
            error.raw_os_error(),
            Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS)
        )
    }

    /// Looks for a byte, without waiting and without taking it.
    pub(in crate::transport) fn peek_at_once(socket: &Socket) -> io::Result<usize> {
        let mut byte = [MaybeUninit::uninit()];
        socket.recv_with_flags(&mut byte, libc::MSG_PEEK | libc::MSG_DONTWAIT)
    }
}

#[cfg(windows)]
mod windows {
    use crate::call::call::CHECK_INTERVAL;
    use crate::transport::sys::poll::{wait_readable, wait_writable};
    use socket2::Socket;
    use std::io;
    use std::mem::MaybeUninit;
    use std::net::Shutdown;
    use std::os::windows::io::AsRawSocket;
    use std::time::Duration;
    use std::{iter, ptr};
    use windows_sys::Win32::Foundation::{ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY};
    use windows_sys::Win32::Networking::WinSock::{WSAEMFILE, WSAENOBUFS};
    use windows_sys::Win32::System::IO::CancelIoEx;

    /// Of a receive or a send whose timeout has passed, the system does not say how much was done, so that the connection is of no
    /// more use. Where a call may go on after it, the system waits, and then nothing is done that waits. Longer ones are the
    /// call's whole time.
    const CALL_MAY_GO_ON: Duration = CHECK_INTERVAL.saturating_mul(2);

    /// The system takes the whole of what it is given, however much that is, where it takes anything.
    const MOST_AT_ONCE: usize = 64 * 1024;

    /// Hands over what the system takes without waiting.
    pub(in crate::transport) fn send_at_once(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
        let part = bytes.get(..MOST_AT_ONCE).unwrap_or(bytes);
        at_once(socket, || socket.send(part))
    }

    /// Hands over what the system takes, waiting no longer than this.
    pub(in crate::transport) fn send_waiting(
        socket: &Socket,
        bytes: &[u8],
        timeout: Duration,
    ) -> io::Result<usize> {
        wait_writable(iter::once(socket), timeout)?;
        send_at_once(socket, bytes)
    }

    /// Whether a receive with this timeout is to be tried; waits for that where a call may go on after it.
    pub(in crate::transport) fn may_receive(
        socket: &Socket,
        timeout: Duration,
    ) -> io::Result<bool> {
        Ok(timeout > CALL_MAY_GO_ON || wait_readable(socket, timeout)?)
    }

    /// For a socket on which nobody else waits.
    fn at_once<T>(socket: &Socket, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        socket.set_nonblocking(true)?;
        let outcome = work();
        socket.set_nonblocking(false)?;
        outcome
    }

    /// Lets a thread go that is blocked on the socket, for good: the socket is of no more use. Shutting it down alone does not
    /// always wake that thread.
    #[allow(unsafe_code)]
    pub(in crate::transport) fn interrupt(socket: &Socket) {
        let _ = socket.shutdown(Shutdown::Both);
        let handle = usize::try_from(socket.as_raw_socket()).unwrap_or(usize::MAX);
        // SAFETY: the socket is open as long as it is borrowed, and nothing is handed over.
        unsafe {
            CancelIoEx(ptr::without_provenance_mut(handle), ptr::null());
        }
    }

    /// Whether a connection is neither open nor refused yet.
    pub(in crate::transport) fn is_connecting(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::WouldBlock
    }

    /// Whether a limit of the machine is the cause.
    pub(in crate::transport) fn is_exhaustion(error: &io::Error) -> bool {
        let code = error.raw_os_error();
        code == Some(WSAEMFILE)
            || code == Some(WSAENOBUFS)
            || code
                .and_then(|code| u32::try_from(code).ok())
                .is_some_and(|code| code == ERROR_NOT_ENOUGH_MEMORY || code == ERROR_OUTOFMEMORY)
    }

    /// Looks for a byte, without waiting and without taking it. For a socket on which nobody else waits.
    pub(in crate::transport) fn peek_at_once(socket: &Socket) -> io::Result<usize> {
        at_once(socket, || socket.peek(&mut [MaybeUninit::uninit()]))
    }
}
