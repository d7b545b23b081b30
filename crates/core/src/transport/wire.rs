//! The connection as ureq sees it: buffers, and bytes that move inside the deadline of whichever call uses it.

use super::answer_head::{self, Beginning};
use super::buffers::WireBuffers;
use super::carrier::Bytes;
use super::carrier::{self, Carrier};
use super::connect::Opened;
use super::connection::Shared;
use super::failure::{Cause, Failure};
use super::message::END_OF_HEAD;
use crate::call::Call;
use crate::model::Phase;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

/// What may be read of a body beyond the limit of a head before it is noticed that no sense can be made of it.
const READ_AHEAD_BYTES: usize = 16 * 1024;

pub(super) struct Wire {
    shared: Arc<Shared>,
    opened: Opened,
    buffers: WireBuffers,
    max_header_bytes: usize,
    /// What ureq is shown of the head of an answer; its memory stays for the next one.
    shown_head: Vec<u8>,
}

impl Wire {
    pub(super) fn new(shared: Arc<Shared>, opened: Opened, max_header_bytes: usize) -> Self {
        shared.lock().socket = Some(opened.stream.shared());
        Self {
            shared,
            opened,
            buffers: WireBuffers::default(),
            max_header_bytes,
            shown_head: Vec::new(),
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
        match &mut self.opened.tls {
            None => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let count = self.opened.stream.send(rest, call, call.deadline)?;
                    self.shared.sent(count);
                    rest = rest.get(count..).unwrap_or_default();
                }
            }
            Some(tls) => {
                tls.writer().write_all(bytes)?;
                let mut carrier = Carrier::new(&mut self.opened.stream, call, call.deadline);
                while tls.wants_write() {
                    let count = tls.write_tls(&mut carrier)?;
                    self.shared.sent(count);
                }
            }
        }
        self.opened.stream.flush(call, call.deadline)?;
        self.buffers.forget_gathered();
        Ok(())
    }

    fn read(&mut self, call: &Call) -> io::Result<usize> {
        let buffer = self.buffers.input_append_buf();
        let Some(tls) = &mut self.opened.tls else {
            return self.opened.stream.receive(buffer, call, call.deadline);
        };
        let mut carrier = Carrier::new(&mut self.opened.stream, call, call.deadline);
        carrier::receive(tls, &mut carrier, buffer)
    }

    /// Waits for bytes, which may be none: the other side has ended the connection.
    fn receive(&mut self, call: &Call, phase: Phase) -> Result<usize, ureq::Error> {
        let count = self.read(call).map_err(|error| self.fail(error, phase))?;
        self.shared.lock().trace.received(count);
        self.buffers.input_appended(count);
        Ok(count)
    }

    /// Waits until the head of the answer is there, and keeps its headers from ureq.
    fn receive_head(&mut self, call: &Call) -> Result<bool, ureq::Error> {
        loop {
            let received = self.buffers.input();
            match answer_head::read(received, &mut self.shown_head) {
                Beginning::Head(length, headers) if length <= self.max_header_bytes => {
                    self.shared.lock().headers = Some(headers);
                    self.buffers.show_head(length, &self.shown_head);
                    return Ok(true);
                }
                Beginning::Incomplete if received.len() <= self.max_header_bytes => {}
                Beginning::Interim => return Ok(true),
                Beginning::Head(..) | Beginning::Incomplete | Beginning::Unusual => {
                    self.buffers.leave_head();
                    return Ok(true);
                }
            }
            if self.receive(call, Phase::Headers)? == 0 {
                return Ok(false);
            }
        }
    }

    /// Whether an idle connection can carry another request: still held by the other side, nothing unread.
    fn is_fit(&mut self) -> bool {
        match self.call() {
            Ok(call) => !self.buffers.has_input() && self.opened.is_fit(&call),
            Err(_) => false,
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
            if state.head_pending {
                // Nothing of ureq's own head leaves. Ours waits for the body, so that they leave together.
                if self.buffers.gathered().ends_with(END_OF_HEAD) {
                    state.head_pending = false;
                    self.buffers.replace_gathered(&state.head);
                    self.buffers.await_head();
                }
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
        if self.buffers.awaits_head() {
            return self.receive_head(&call);
        }
        let most_unconsumed = self.max_header_bytes.saturating_add(READ_AHEAD_BYTES);
        if self.buffers.unconsumed() > most_unconsumed {
            let words = "what frames its body is larger than max_header_bytes";
            self.shared
                .fail(Failure::new(Cause::Malformed, phase, words));
            return Err(ureq::Error::ConnectionFailed);
        }
        Ok(self.receive(&call, phase)? > 0)
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
        self.opened.tls.is_some()
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
            .field("tls", &self.opened.tls.is_some())
            .finish()
    }
}
