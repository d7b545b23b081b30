//! Two sockets that are connected with each other: an event loop waits for one, and a thread writes to the other or closes it.

#[cfg(unix)]
pub use unix::{Descriptor, descriptor_number};
#[cfg(unix)]
pub(crate) use unix::{Stream, borrowed, pair};
#[cfg(windows)]
pub use windows::{Descriptor, descriptor_number};
#[cfg(windows)]
pub(crate) use windows::{Stream, borrowed, pair};

#[cfg(unix)]
mod unix {
    use std::io;
    pub use std::os::fd::BorrowedFd as Descriptor;
    use std::os::fd::{AsFd, AsRawFd};
    pub(crate) use std::os::unix::net::UnixStream as Stream;

    pub(crate) fn pair() -> io::Result<(Stream, Stream)> {
        Stream::pair()
    }

    pub(crate) fn borrowed(stream: &Stream) -> Descriptor<'_> {
        stream.as_fd()
    }

    /// The number by which other languages know it.
    #[must_use]
    pub fn descriptor_number(descriptor: Descriptor<'_>) -> i32 {
        descriptor.as_raw_fd()
    }
}

#[cfg(windows)]
mod windows {
    use std::io;
    pub(crate) use std::net::TcpStream as Stream;
    use std::net::{Ipv4Addr, TcpListener};
    pub use std::os::windows::io::BorrowedSocket as Descriptor;
    use std::os::windows::io::{AsRawSocket, AsSocket};

    /// By the loopback interface, the only way here. Another program may connect to it meanwhile, and is not let in.
    pub(crate) fn pair() -> io::Result<(Stream, Stream)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let one = Stream::connect(listener.local_addr()?)?;
        let wanted = one.local_addr()?;
        loop {
            let (other, from) = listener.accept()?;
            if from == wanted {
                return Ok((one, other));
            }
        }
    }

    pub(crate) fn borrowed(stream: &Stream) -> Descriptor<'_> {
        stream.as_socket()
    }

    /// The number by which other languages know it, a SOCKET: of a handle 32 bits count in programs of 64 bits too.
    #[must_use]
    pub fn descriptor_number(descriptor: Descriptor<'_>) -> i32 {
        i32::try_from(descriptor.as_raw_socket()).unwrap_or(-1)
    }
}
