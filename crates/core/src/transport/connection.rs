//! One connection, with an agent of ureq for itself alone.
//!
//! ureq's own pool keeps three connections a host, scans them and takes the oldest. An agent per connection makes its
//! pool hold exactly one, and leaves the choice among connections to ours.

use super::connect::{self, Opened};
use super::failure::{Cause, Failure};
use super::message::{self, Method, Outgoing, ReceivedHead};
use super::names::Names;
use super::options::TransportOptions;
use super::pool::Pool;
use super::report::ConnectionReport;
use super::socket::{Idle, peek};
use super::tls::Tls;
use super::trace::Trace;
use super::way::Target;
use super::wire::Wire;
use crate::call::{Call, Stop};
use crate::foundation::deadline::Deadline;
use crate::foundation::sync::{Mutex, MutexGuard, lock};
use crate::model::{Headers, Phase};
use http::{HeaderMap, Uri};
use socket2::Socket;
use std::fmt;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};

/// ureq must not close what our own pool keeps.
const NEVER_TOO_OLD: Duration = Duration::from_secs(365 * 24 * 3600);

/// A complete answer, and the connection it came by.
pub(crate) struct Incoming {
    pub(crate) received: ReceivedHead,
    pub(crate) trace: Trace,
    connection: Connection,
    pool: Arc<Pool>,
}

impl Incoming {
    /// The answer made sense: its connection may carry the next call. Without this it is closed.
    pub(crate) fn keep_connection(self) -> ReceivedHead {
        if self.connection.shared.lock().is_reusable() {
            self.pool.put(self.connection);
        }
        self.received
    }
}

/// What the parts of a connection share about the call that uses it.
#[derive(Default)]
pub(super) struct Shared(Mutex<State>);

pub(super) struct State {
    pub(super) call: Option<Arc<Call>>,
    /// The socket, while there is one.
    pub(super) socket: Option<Arc<Socket>>,
    /// A connection that was opened ahead of its first request.
    prepared: Option<Opened>,
    pub(super) phase: Phase,
    /// The head of the request has not been handed over yet.
    pub(super) head_pending: bool,
    /// The head of the request; its memory stays for the next one.
    pub(super) head: Vec<u8>,
    /// Any byte of the request was handed to the network.
    pub(super) sent: bool,
    /// The head of the answer is complete.
    pub(super) answered: bool,
    /// What its headers were.
    pub(super) headers: Option<Headers>,
    pub(super) trace: Trace,
    failure: Option<Failure>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            call: None,
            socket: None,
            prepared: None,
            phase: Phase::Prepare,
            head_pending: false,
            head: Vec::new(),
            sent: false,
            answered: false,
            headers: None,
            trace: Trace::default(),
            failure: None,
        }
    }
}

impl State {
    pub(super) fn begin_reading(&mut self) -> Phase {
        self.phase = if self.answered {
            Phase::Body
        } else {
            Phase::Headers
        };
        self.phase
    }

    fn is_reusable(&self) -> bool {
        self.socket.is_some() && self.failure.is_none()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    /// Some bytes of the request are on their way.
    pub(super) fn sent(&self, bytes: usize) {
        let mut state = self.lock();
        state.sent = true;
        state.trace.sent(bytes);
    }

    /// Remembers the first failure; what follows from it is noise.
    pub(super) fn fail(&self, failure: Failure) {
        let mut state = self.lock();
        if state.failure.is_none() {
            state.failure = Some(failure);
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shared")
    }
}

pub(super) struct Connection {
    agent: ureq::Agent,
    /// What ureq asks for, as far as it knows: the head that it writes is not the one that is sent.
    uri: Uri,
    opener: Opener,
    shared: Arc<Shared>,
    max_body_bytes: usize,
}

/// How ureq goes about a request. Making this reads the proxy variables of the environment, whose outcome is thrown away:
/// ureq has no other way. So it is made once for a client, and not while calls run.
pub(super) fn http_config(max_header_bytes: usize) -> Config {
    Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent("")
        .accept("")
        .accept_encoding("")
        .max_response_header_size(max_header_bytes)
        .max_idle_connections(1)
        .max_idle_connections_per_host(1)
        .max_idle_age(NEVER_TOO_OLD)
        .build()
}

impl Connection {
    pub(super) fn new(options: &TransportOptions, names: Arc<Names>, tls: Arc<Tls>) -> Self {
        let shared = Arc::new(Shared::default());
        let opener = Opener {
            target: Arc::clone(&options.target),
            connect_timeout: options.connect_timeout,
            max_header_bytes: options.max_header_bytes,
            names,
            tls,
            shared: Arc::clone(&shared),
        };
        Self {
            agent: ureq::Agent::with_parts(options.http.clone(), opener.clone(), NotHere),
            uri: Uri::from_static(match options.target.is_secure() {
                true => "https://service/",
                false => "http://service/",
            }),
            opener,
            shared,
            max_body_bytes: options.max_body_bytes,
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) fn run(
        self,
        call: &Arc<Call>,
        outgoing: &Outgoing<'_>,
        pool: &Arc<Pool>,
    ) -> Result<Incoming, Failure> {
        self.begin(call);
        message::write_head(outgoing, &mut self.shared.lock().head);
        let outcome = self.exchange(outgoing);
        let (failure, trace) = self.end(call);
        let failed = match (outcome, failure) {
            (Ok(received), None) => {
                return Ok(Incoming {
                    received,
                    trace,
                    connection: self,
                    pool: Arc::clone(pool),
                });
            }
            (Ok(received), Some(failure)) => Failure {
                received: Some(Box::new(received)),
                ..failure
            },
            (Err(failure), None) => failure,
            (Err(own), Some(failure)) => Failure {
                received: own.received,
                ..failure
            },
        };
        Err(Failure {
            trace: Box::new(trace),
            ..failed
        })
    }

    /// Whether the other side still holds the connection, with nothing unread, as far as can be seen from outside.
    pub(super) fn is_alive(&self) -> bool {
        let socket = self.shared.lock().socket.clone();
        socket.is_some_and(|socket| matches!(peek(&socket), Idle::Quiet))
    }

    /// Opens the connection without a request.
    pub(super) fn warmed_up(self, call: &Arc<Call>) -> Result<Self, Failure> {
        self.begin(call);
        let opened = self.opener.open(call);
        let _ = self.end(call);
        let opened = opened?;
        if call.cancel.is_cancelled() {
            return Err(Failure::stopped(Stop::Cancelled, Phase::Connect));
        }
        {
            let mut state = self.shared.lock();
            state.socket = Some(opened.stream.shared());
            state.prepared = Some(opened);
        }
        Ok(self)
    }

    fn begin(&self, call: &Arc<Call>) {
        let mut state = self.shared.lock();
        state.call = Some(Arc::clone(call));
        state.phase = Phase::Prepare;
        state.head_pending = true;
        state.sent = false;
        state.answered = false;
        state.headers = None;
        state.failure = None;
        state.trace = match (&state.socket, &state.prepared) {
            // Opened ahead of its first request, which is this one.
            (Some(_), Some(_)) => state.trace.clone(),
            (socket, _) => Trace::begin(socket.is_some(), state.trace.address),
        };
        let socket = state.socket.clone();
        drop(state);
        if let Some(socket) = socket {
            call.cancel.attach(socket);
        }
    }

    /// The failure that the parts below noticed, with what is known about it by now.
    fn end(&self, call: &Call) -> (Option<Failure>, Trace) {
        call.cancel.detach();
        let mut state = self.shared.lock();
        state.call = None;
        state.head.clear();
        let sent = state.sent;
        if state.failure.is_none() && call.cancel.is_cancelled() && state.socket.is_some() {
            // The answer is complete, but the cancellation may have shut its socket down.
            state.socket = None;
        }
        let failure = state
            .failure
            .take()
            .map(|failure| Failure { sent, ..failure });
        (failure, state.trace.clone())
    }

    fn exchange(&self, outgoing: &Outgoing<'_>) -> Result<ReceivedHead, Failure> {
        let request = match outgoing.prepared.method {
            Method::Post => self.agent.post(&self.uri),
            Method::Put => self.agent.put(&self.uri),
        };
        let response = request
            .send(outgoing.body)
            .map_err(|error| self.failure_of(error))?;
        let headers = {
            let mut state = self.shared.lock();
            state.answered = true;
            state.headers.take()
        };
        let (head, body) = response.into_parts();
        let mut received = ReceivedHead {
            status: head.status.as_u16(),
            headers: headers.unwrap_or_else(|| as_they_came_to_ureq(&head.headers)),
            body: Vec::new(),
        };
        match read_body(body, self.max_body_bytes, &mut received.body) {
            Ok(()) => Ok(received),
            Err(mut failure) => {
                failure.sent = true;
                failure.received = Some(Box::new(received));
                Err(failure)
            }
        }
    }

    fn failure_of(&self, error: ureq::Error) -> Failure {
        let (phase, sent) = {
            let state = self.shared.lock();
            (state.phase, state.sent)
        };
        let (cause, detail) = match error {
            ureq::Error::Protocol(error) => {
                (Cause::Malformed, format!("it is not HTTP/1.1: {error}"))
            }
            ureq::Error::LargeResponseHeader(_, most) => (
                Cause::Malformed,
                format!("its head is larger than max_header_bytes = {most}"),
            ),
            ureq::Error::Io(error) if sent => {
                return Failure {
                    sent,
                    ..Failure::from_io(error, phase)
                };
            }
            other => (Cause::Internal, other.to_string()),
        };
        Failure {
            sent,
            ..Failure::new(cause, phase, detail)
        }
    }
}

fn as_they_came_to_ureq(headers: &HeaderMap) -> Headers {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    Headers::new(headers)
}

/// Reads a body to its end, and what came of it before a failure too.
fn read_body(body: ureq::Body, most: usize, into: &mut Vec<u8>) -> Result<(), Failure> {
    let announced = body
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    into.reserve(announced.unwrap_or(0).min(most).min(64 * 1024));
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    let mut reader = body.into_with_config().limit(u64::MAX).reader();
    let copied = (&mut reader)
        .take(limit.saturating_add(1))
        .read_to_end(into);
    match copied {
        Ok(_) if into.len() > most => {
            into.truncate(most);
            Err(Failure::new(
                Cause::Malformed,
                Phase::Body,
                format!("its body is larger than max_body_bytes = {most}"),
            ))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(body_failure(error)),
    }
}

fn body_failure(error: io::Error) -> Failure {
    let protocol = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<ureq::Error>())
        .and_then(|inner| match inner {
            ureq::Error::Protocol(problem) => {
                Some(format!("its body is not framed as HTTP/1.1: {problem}"))
            }
            _ => None,
        });
    match protocol {
        Some(detail) => Failure::new(Cause::Malformed, Phase::Body, detail),
        None => Failure::from_io(error, Phase::Body),
    }
}

/// Opens the one connection of an agent, inside the deadline of the call that needs it.
#[derive(Clone)]
struct Opener {
    target: Arc<Target>,
    connect_timeout: Duration,
    max_header_bytes: usize,
    names: Arc<Names>,
    tls: Arc<Tls>,
    shared: Arc<Shared>,
}

impl Opener {
    fn open(&self, call: &Call) -> Result<Opened, Failure> {
        let until = Deadline::after(self.connect_timeout);
        let mut report = ConnectionReport::default();
        let opened = connect::open(
            &self.target,
            &self.names,
            &self.tls,
            call,
            until,
            &mut report,
        );
        self.shared.lock().trace.opened(&report);
        opened
    }
}

impl Opener {
    fn wire(&self, opened: Opened) -> Wire {
        Wire::new(Arc::clone(&self.shared), opened, self.max_header_bytes)
    }
}

impl Connector for Opener {
    type Out = Wire;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Wire>, ureq::Error> {
        let Some(call) = self.shared.lock().call.clone() else {
            return Err(ureq::Error::ConnectionFailed);
        };
        let prepared = self.shared.lock().prepared.take();
        if let Some(mut opened) = prepared.filter(|_| self.shared.lock().socket.is_some())
            && opened.is_fit(&call)
        {
            return Ok(Some(self.wire(opened)));
        }
        match self.open(&call) {
            Ok(opened) => Ok(Some(self.wire(opened))),
            Err(failure) => {
                self.shared.fail(failure);
                Err(ureq::Error::ConnectionFailed)
            }
        }
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Opener")
            .field("target", &self.target)
            .finish()
    }
}

/// ureq asks for the addresses before it looks whether it has a connection. Names are resolved where one is opened.
#[derive(Debug)]
struct NotHere;

impl Resolver for NotHere {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        Ok(addresses)
    }
}
