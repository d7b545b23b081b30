//! One connection, and one request at a time over it.

use super::connect::{self, Opened};
use super::failure::{Cause, Failure};
use super::http1::{self, Source};
use super::input::Input;
use super::message::{self, Outgoing, ReceivedHead};
use super::names::Names;
use super::options::TransportOptions;
use super::report::ConnectionReport;
use super::socket::{Idle, peek};
use super::tls::Tls;
use super::trace::Trace;
use crate::call::{Call, Stop};
use crate::foundation::deadline::Deadline;
use crate::foundation::secret::wipe;
use crate::foundation::sys::stack;
use crate::model::Phase;
use std::net::SocketAddr;
use std::time::Duration;

/// What a connection keeps for requests while it is idle; a larger request grows it for as long as it lasts.
const RESTING_OUTPUT_BYTES: usize = 2 * 1024;

/// What it takes to open a connection.
#[derive(Clone, Copy)]
pub(super) struct Opener<'a> {
    pub(super) options: &'a TransportOptions,
    pub(super) names: &'a Names,
    pub(super) tls: &'a Tls,
}

impl Opener<'_> {
    /// Opens a connection. From now on a cancellation of the call shuts its socket down.
    pub(super) fn open(
        &self,
        call: &Call,
        report: &mut ConnectionReport,
    ) -> Result<Opened, Failure> {
        let until = Deadline::after(self.options.connect_timeout, &call.clock);
        let target = &self.options.target;
        connect::open(target, self.names, self.tls, call, until, report)
    }
}

#[derive(Default)]
pub(super) struct Connection {
    /// `None` before it is opened, and when it must not carry another request.
    opened: Option<Opened>,
    address: Option<SocketAddr>,
    /// How long it may rest before the next request, where the other side said so.
    pub(super) held_for: Option<Duration>,
    /// How it came about, where it was opened ahead of its first request.
    opened_ahead: Option<Box<Trace>>,
    input: Input,
    /// The request; its memory stays for the next one.
    output: Vec<u8>,
}

impl Connection {
    /// Sends a request and reads the whole answer.
    pub(super) fn run(
        &mut self,
        call: &Call,
        outgoing: &Outgoing<'_>,
        opener: Opener<'_>,
        trace: &mut Trace,
    ) -> Result<ReceivedHead, Failure> {
        let outcome = self.exchange(call, outgoing, opener, trace);
        call.cancel.detach();
        // A cancellation may have shut the socket down, although the answer is complete.
        if outcome.is_err() || !self.input.is_empty() || call.cancel.is_cancelled() {
            self.opened = None;
        }
        if call.is_one_of_many {
            self.input = Input::default();
        } else {
            self.input.rest();
        }
        outcome
    }

    /// Opens the connection without a request.
    pub(super) fn open_ahead(&mut self, call: &Call, opener: Opener<'_>) -> Result<(), Failure> {
        let mut trace = Box::<Trace>::default();
        let outcome = self.open(call, opener, &mut trace);
        call.cancel.detach();
        let opened = outcome?;
        if call.cancel.is_cancelled() {
            return Err(Failure::stopped(Stop::Cancelled, Phase::Connect));
        }
        self.opened = Some(opened);
        self.opened_ahead = Some(trace);
        Ok(())
    }

    pub(super) fn is_open(&self) -> bool {
        self.opened.is_some()
    }

    /// Whether the other side still holds the connection, with nothing unread, as far as can be seen from outside.
    pub(super) fn is_alive(&self) -> bool {
        let opened = self.opened.as_ref();
        opened.is_some_and(|opened| matches!(peek(&opened.stream.shared()), Idle::Quiet))
    }

    fn exchange(
        &mut self,
        call: &Call,
        outgoing: &Outgoing<'_>,
        opener: Opener<'_>,
        trace: &mut Trace,
    ) -> Result<ReceivedHead, Failure> {
        let mut opened = match self.kept(call, trace) {
            Some(opened) => opened,
            None => self.open(call, opener, trace)?,
        };
        let rest = message::write(outgoing, &mut self.output);
        let sent = [self.output.as_slice(), rest]
            .into_iter()
            .try_for_each(|bytes| opened.send(bytes, call, |count| trace.sent(count)))
            .map_err(|error| Failure::from_io(error, Phase::Send));
        // It holds key and token.
        wipe(&mut self.output);
        self.output.clear();
        self.output.shrink_to(RESTING_OUTPUT_BYTES);
        let unsent = match sent {
            Ok(()) => None,
            Err(failure) if trace.bytes_sent > 0 && matches!(failure.cause, Cause::Lost) => {
                Some(failure)
            }
            Err(failure) => return Err(failure),
        };
        if call.is_one_of_many {
            // They wait for their answers at the same time, perhaps for long, and hold little meanwhile. To open a connection, a TLS
            // handshake above all, takes most of the stack that a call uses.
            self.output = Vec::new();
            stack::give_back();
            opened.wait(call);
        }
        let mut answer = Answer {
            opened: &mut opened,
            input: &mut self.input,
            call,
            trace,
        };
        let received = http1::receive(&mut answer, opener.options.limits);
        if let Some(failure) = unsent {
            // A server may answer before it has read all, and go. What has come of that is its answer.
            return match received {
                Ok(received) => Ok(received.head),
                Err(other) if other.received.is_some() => Err(other),
                Err(_) => Err(failure),
            };
        }
        let received = received?;
        self.held_for = received.held_for;
        self.opened = (!received.must_close).then_some(opened);
        Ok(received.head)
    }

    /// The connection that earlier requests have left, if it can carry another one.
    fn kept(&mut self, call: &Call, trace: &mut Trace) -> Option<Opened> {
        let mut opened = self.opened.take()?;
        call.cancel.attach(opened.stream.shared());
        if !opened.is_fit(call) {
            return None;
        }
        *trace = match self.opened_ahead.take() {
            Some(ahead) => *ahead,
            None => Trace::reused(self.address),
        };
        Some(opened)
    }

    fn open(
        &mut self,
        call: &Call,
        opener: Opener<'_>,
        trace: &mut Trace,
    ) -> Result<Opened, Failure> {
        self.opened_ahead = None;
        self.held_for = None;
        let mut report = ConnectionReport::default();
        let opened = opener.open(call, &mut report);
        *trace = Trace::opened(&report);
        self.address = trace.address;
        opened
    }
}

/// The answer to the request that was sent last.
struct Answer<'a> {
    opened: &'a mut Opened,
    input: &'a mut Input,
    call: &'a Call,
    trace: &'a mut Trace,
}

impl Source for Answer<'_> {
    fn input(&mut self) -> &mut Input {
        self.input
    }

    fn fill(&mut self, phase: Phase) -> Result<usize, Failure> {
        let count = self
            .opened
            .receive(self.input.room(), self.call)
            .map_err(|error| Failure::from_io(error, phase))?;
        self.trace.received(count);
        self.input.appended(count);
        Ok(count)
    }
}
