//! What carries bytes inside the deadline of a call, and TLS over that.

use super::socket::DeadlineSocket;
use crate::call::Call;
use crate::foundation::deadline::Deadline;
use rustls::ClientConnection;
use std::io::{self, Read, Write};

/// Bytes that move inside the deadline of a call.
pub(super) trait Bytes {
    /// Reads what has come, waiting for it no longer than the call may.
    fn receive(&mut self, buffer: &mut [u8], call: &Call, until: Deadline) -> io::Result<usize>;

    /// Hands some of the bytes to the network, waiting no longer than the call may. After an error none of them went.
    fn send(&mut self, bytes: &[u8], call: &Call, until: Deadline) -> io::Result<usize>;

    /// Hands over what is left of the bytes that were accepted.
    fn flush(&mut self, call: &Call, until: Deadline) -> io::Result<()>;
}

impl Bytes for DeadlineSocket {
    fn receive(&mut self, buffer: &mut [u8], call: &Call, until: Deadline) -> io::Result<usize> {
        DeadlineSocket::receive(self, buffer, call, until)
    }

    fn send(&mut self, bytes: &[u8], call: &Call, until: Deadline) -> io::Result<usize> {
        DeadlineSocket::send(self, bytes, call, until)
    }

    fn flush(&mut self, _: &Call, _: Deadline) -> io::Result<()> {
        Ok(())
    }
}

/// What rustls reads from and writes to.
pub(super) struct Carrier<'a, B> {
    bytes: &'a mut B,
    call: &'a Call,
    until: Deadline,
}

impl<'a, B: Bytes> Carrier<'a, B> {
    pub(super) fn new(bytes: &'a mut B, call: &'a Call, until: Deadline) -> Self {
        Self { bytes, call, until }
    }
}

impl<B: Bytes> Read for Carrier<'_, B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.receive(buffer, self.call, self.until)
    }
}

impl<B: Bytes> Write for Carrier<'_, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.send(bytes, self.call, self.until)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.bytes.flush(self.call, self.until)
    }
}

/// Reads what a session has decrypted, waiting for more while there is nothing.
pub(super) fn receive<B: Bytes>(
    session: &mut ClientConnection,
    carrier: &mut Carrier<'_, B>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    loop {
        match session.reader().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
        session.read_tls(carrier)?;
        let state = session.process_new_packets().map_err(io::Error::other)?;
        let answered = send_what_waits(session, carrier);
        // The other side may have said its last word and gone.
        if state.plaintext_bytes_to_read() == 0 {
            answered?;
        }
    }
}

fn send_what_waits<B: Bytes>(
    session: &mut ClientConnection,
    carrier: &mut Carrier<'_, B>,
) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(carrier)?;
    }
    carrier.flush()
}
