//! The connection as ureq sees it: buffers, and bytes that move inside the deadline of whichever call uses it.

use super::buffers::WireBuffers;
use super::connect::Opened;
use super::connection::Shared;
use super::failure::Failure;
use super::socket::{DeadlineSocket, Idle};
use super::tls::Carrier;
use crate::call::Call;
use crate::error::Phase;
use rustls::ClientConnection;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

/// What ends the head of a request.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

pub(super) struct Wire {
    shared: Arc<Shared>,
    socket: DeadlineSocket,
    tls: Option<Box<ClientConnection>>,
    buffers: WireBuffers,
}

impl Wire {
    pub(super) fn new(shared: Arc<Shared>, opened: Opened) -> Self {
        shared.lock().socket = Some(opened.socket.shared());
        Self {
            shared,
            socket: opened.socket,
            tls: opened.tls,
            buffers: WireBuffers::default(),
        }
    }

    fn call(&self) -> io::Result<Arc<Call>> {
        self.shared
            .lock()
            .call
            .clone()
            .ok_or_else(|| io::Error::other("bytes moved outside a call"))
    }

    /// Hands everything that was gathered to the network.
    fn flush(&mut self, call: &Call) -> io::Result<()> {
        let bytes = self.buffers.gathered();
        if bytes.is_empty() {
            return Ok(());
        }
        match &mut self.tls {
            None => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let count = self.socket.send(rest, call, call.deadline)?;
                    self.shared.lock().sent = true;
                    rest = rest.get(count..).unwrap_or_default();
                }
            }
            Some(tls) => {
                tls.writer().write_all(bytes)?;
                while tls.wants_write() {
                    let mut carrier = Carrier {
                        socket: &mut self.socket,
                        call,
                        until: call.deadline,
                    };
                    tls.write_tls(&mut carrier)?;
                    self.shared.lock().sent = true;
                }
            }
        }
        self.buffers.forget_gathered();
        Ok(())
    }

    fn read(&mut self, call: &Call) -> io::Result<usize> {
        let buffer = self.buffers.input_append_buf();
        let Some(tls) = &mut self.tls else {
            return self.socket.receive(buffer, call, call.deadline);
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            let mut carrier = Carrier {
                socket: &mut self.socket,
                call,
                until: call.deadline,
            };
            tls.read_tls(&mut carrier)?;
            tls.process_new_packets().map_err(io::Error::other)?;
            while tls.wants_write() {
                let mut carrier = Carrier {
                    socket: &mut self.socket,
                    call,
                    until: call.deadline,
                };
                tls.write_tls(&mut carrier)?;
            }
        }
    }

    /// Whether an idle connection can carry another request: still held by the other side, nothing unread.
    fn is_fit(&mut self) -> bool {
        if self.buffers.has_input() {
            return false;
        }
        match (self.socket.peek(), &mut self.tls) {
            (Idle::Quiet, _) => true,
            // Session tickets may come at any time and are no answer to anything.
            (Idle::Bytes, Some(tls)) => {
                let Ok(call) = self.shared.lock().call.clone().ok_or(()) else {
                    return false;
                };
                let mut carrier = Carrier {
                    socket: &mut self.socket,
                    call: &call,
                    until: call.deadline,
                };
                tls.read_tls(&mut carrier).is_ok_and(|count| count > 0)
                    && tls.process_new_packets().is_ok_and(|state| {
                        state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed()
                    })
                    && matches!(self.socket.peek(), Idle::Quiet)
            }
            _ => false,
        }
    }

    fn fail(&self, error: io::Error, phase: Phase) -> ureq::Error {
        let kind = error.kind();
        self.shared.fail(Failure::from_io(error, phase));
        // ureq needs an error, nobody reads it: the failure above is the one that counts.
        ureq::Error::Io(kind.into())
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.buffers.gather(amount);
        {
            let mut state = self.shared.lock();
            state.phase = Phase::Send;
            // ureq hands over head and body one after the other; they leave together.
            if state.head_pending && self.buffers.gathered().ends_with(END_OF_HEAD) {
                state.head_pending = false;
                return Ok(());
            }
        }
        self.call()
            .and_then(|call| self.flush(&call))
            .map_err(|error| self.fail(error, Phase::Send))
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let call = self
            .call()
            .map_err(|error| self.fail(error, Phase::Headers))?;
        self.flush(&call)
            .map_err(|error| self.fail(error, Phase::Send))?;
        let phase = self.shared.lock().begin_reading();
        let count = self.read(&call).map_err(|error| self.fail(error, phase))?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        // ureq asks twice: after an answer, where it has itself seen to it that nothing is left over, and before the
        // next request, where it matters whether the other side has gone away meanwhile.
        if self.shared.lock().answered {
            self.buffers.rest();
            return !self.buffers.has_input();
        }
        self.is_fit()
    }

    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.lock().socket = None;
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Wire")
            .field("tls", &self.tls.is_some())
            .finish()
    }
}
