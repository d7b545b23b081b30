//! What sockets do not do alike: at once or not at all, and how their errors are called.

#[cfg(unix)]
pub(in crate::transport) use unix::{
    SEND_AT_ONCE, SEND_WAITING, interrupt, is_connecting, is_exhaustion, peek_at_once,
};
#[cfg(windows)]
pub(in crate::transport) use windows::{
    SEND_AT_ONCE, SEND_WAITING, interrupt, is_connecting, is_exhaustion, peek_at_once,
};

#[cfg(unix)]
mod unix {
    use socket2::Socket;
    use std::io;
    use std::mem::MaybeUninit;
    use std::net::Shutdown;

    /// Flags of a send that does not wait, where there are any.
    pub(in crate::transport) const SEND_AT_ONCE: Option<libc::c_int> =
        Some(libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT);

    /// Flags of a send that waits no longer than the socket's timeout.
    pub(in crate::transport) const SEND_WAITING: libc::c_int = libc::MSG_NOSIGNAL;

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
    use socket2::Socket;
    use std::ffi::c_int;
    use std::io;
    use std::mem::MaybeUninit;
    use std::net::Shutdown;
    use std::os::windows::io::AsRawSocket;
    use std::ptr;
    use windows_sys::Win32::Foundation::{ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY};
    use windows_sys::Win32::Networking::WinSock::{WSAEMFILE, WSAENOBUFS};
    use windows_sys::Win32::System::IO::CancelIoEx;

    /// Flags of a send that does not wait, where there are any.
    pub(in crate::transport) const SEND_AT_ONCE: Option<c_int> = None;

    /// Flags of a send that waits no longer than the socket's timeout.
    pub(in crate::transport) const SEND_WAITING: c_int = 0;

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
        let mut byte = [MaybeUninit::uninit()];
        socket.set_nonblocking(true)?;
        let seen = socket.peek(&mut byte);
        socket.set_nonblocking(false)?;
        seen
    }
}
