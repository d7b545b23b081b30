//! A connected TCP socket whose reads and writes end with the call's deadline.

use super::failure::stop_error;
use super::sys::sockets;
use crate::call::{Call, Interrupt};
use crate::foundation::deadline::Deadline;
use socket2::Socket;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

/// Timeouts are rounded up to this, so that one is set once for a connection, and not for each turn.
const TIMEOUT_STEP: Duration = Duration::from_millis(10);

impl Interrupt for Socket {
    fn interrupt(&self) {
        sockets::interrupt(self);
    }
}

/// The socket, and the timeouts that were set last.
pub(super) struct DeadlineSocket {
    socket: Arc<Socket>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

/// What a look at an idle connection shows.
pub(super) enum Idle {
    /// Nothing has come; the other side still holds the connection.
    Quiet,
    /// Bytes are there that nobody has asked for.
    Bytes,
    /// The other side is gone.
    Gone,
}

impl DeadlineSocket {
    pub(super) fn new(socket: Arc<Socket>) -> Self {
        Self {
            socket,
            read_timeout: None,
            write_timeout: None,
        }
    }

    pub(super) fn shared(&self) -> Arc<Socket> {
        Arc::clone(&self.socket)
    }

    /// Reads what has come, waiting for it no longer than the call may.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        call: &Call,
        until: Deadline,
    ) -> io::Result<usize> {
        self.blocking(call, until, |mut socket| socket.read(buffer))
    }

    /// Waits until something has come, or the other side is gone, no longer than the call may, and takes nothing.
    pub(super) fn wait(&mut self, call: &Call, until: Deadline) -> io::Result<usize> {
        self.blocking(call, until, |socket| {
            socket.peek(&mut [MaybeUninit::uninit()])
        })
    }

    fn blocking(
        &mut self,
        call: &Call,
        until: Deadline,
        mut receive: impl FnMut(&Socket) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let timeout = rounded_up(call.may_block(until).map_err(stop_error)?);
            if self.read_timeout != Some(timeout) {
                self.socket.set_read_timeout(Some(timeout))?;
                self.read_timeout = Some(timeout);
            }
            let received = match sockets::may_receive(&self.socket, timeout) {
                Ok(true) => receive(&self.socket),
                Ok(false) => continue,
                Err(error) => Err(error),
            };
            match received {
                Err(error) if is_retryable(&error) => {}
                other => return stopped_or(other, call),
            }
        }
    }

    /// Hands some of the bytes to the network, at least one, waiting no longer than the call may.
    pub(super) fn send(&mut self, bytes: &[u8], call: &Call, until: Deadline) -> io::Result<usize> {
        // A request nearly always fits into the socket's buffer at once; only a peer that reads slowly makes us wait.
        call.may_block(until).map_err(stop_error)?;
        let mut sent = sockets::send_at_once(&self.socket, bytes);
        while sent.as_ref().is_err_and(is_retryable) {
            let timeout = rounded_up(call.may_block(until).map_err(stop_error)?);
            if self.write_timeout != Some(timeout) {
                self.socket.set_write_timeout(Some(timeout))?;
                self.write_timeout = Some(timeout);
            }
            sent = sockets::send_waiting(&self.socket, bytes, timeout);
        }
        stopped_or(sent, call)
    }

    pub(super) fn peek(&self) -> Idle {
        peek(&self.socket)
    }
}

/// Looks, without waiting and without taking anything.
pub(super) fn peek(socket: &Socket) -> Idle {
    match sockets::peek_at_once(socket) {
        Ok(0) => Idle::Gone,
        Ok(_) => Idle::Bytes,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Idle::Quiet,
        Err(_) => Idle::Gone,
    }
}

/// A cancellation shuts the socket down, which looks like an end or an error: ask the call first.
fn stopped_or(outcome: io::Result<usize>, call: &Call) -> io::Result<usize> {
    match outcome {
        Ok(count) if count > 0 => Ok(count),
        other => match call.stopped() {
            Some(stop) => Err(stop_error(stop)),
            None => other,
        },
    }
}

fn is_retryable(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// Never zero, which to the system would mean for ever.
fn rounded_up(duration: Duration) -> Duration {
    let step = TIMEOUT_STEP.as_nanos();
    let steps = u32::try_from(duration.as_nanos().div_ceil(step)).unwrap_or(u32::MAX);
    TIMEOUT_STEP.saturating_mul(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_rounded_up_to_a_step() {
        for (nanoseconds, milliseconds) in [
            (1, 10),
            (999, 10),
            (10_000_000, 10),
            (10_000_001, 20),
            (29_999_800_000, 30_000),
        ] {
            assert_eq!(
                rounded_up(Duration::from_nanos(nanoseconds)),
                Duration::from_millis(milliseconds)
            );
        }
    }
}
