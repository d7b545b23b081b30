//! The client: three operations, stateless by conversation id.

use super::conversation::Conversation;
use crate::call::{Call, CallOptions, CallThreads, CancelToken, Close, Create, Respond, Turn};
use crate::config::{Config, Credentials, Settings};
use crate::dialect::{Dialect, read_close, read_create};
use crate::engine::{
    Breaker, BreakerState, CallsInFlight, Exchange, RetryBudget, RetryPolicy, Understand, Verdict,
    says_that_it_is_over,
};
use crate::foundation::fork::PerProcess;
use crate::foundation::secret::Secret;
use crate::foundation::sync::{AtomicBool, Ordering};
use crate::model::{
    Answer, Attempt, Closed, Delivery, Error, ErrorKind, Greeting, Operation, Phase, Reply,
    Unreadable,
};
use crate::observe::{Listeners, Metrics, Observations};
use crate::transport::{
    ConnectionReport, Failure, Incoming, Method, PreparedHead, ReceivedHead, Transport,
};
use arc_swap::ArcSwap;
use http::Uri;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Talks to one project of the service.
///
/// Cheap to clone; clones share connections. May be used from any number of threads at the same time. Making one opens
/// no socket and starts no thread. Since 0.1.0.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// What all clones of a client share.
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) credentials: ArcSwap<Credentials>,
    pub(crate) transport: Transport,
    pub(crate) retry_policy: RetryPolicy,
    pub(crate) listeners: Listeners,
    pub(crate) create: PreparedHead,
    pub(crate) respond: PreparedHead,
    pub(crate) close: PreparedHead,
    live: PerProcess<Live>,
    calls: CancelToken,
    is_shut_down: AtomicBool,
}

/// What holds locks and counts, and therefore belongs to one process only.
pub(crate) struct Live {
    pub(crate) in_flight: CallsInFlight,
    pub(crate) breaker: Breaker,
    pub(crate) retry_budget: RetryBudget,
    pub(crate) observations: Observations,
    pub(crate) threads: CallThreads,
}

impl Live {
    fn new(settings: &Settings) -> Self {
        Self {
            in_flight: CallsInFlight::new(settings.max_calls_in_flight),
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_open),
            retry_budget: RetryBudget::new(settings.retry_budget),
            observations: Observations::new(settings.recent_attempts),
            threads: CallThreads::default(),
        }
    }
}

impl Inner {
    pub(crate) fn live(&self) -> &Live {
        self.live.get(|| Live::new(&self.settings))
    }
}

impl Client {
    /// Makes a client. Reads the files that the configuration names; does not touch the network. Since 0.1.0.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration): something is missing or wrong, with option, source and remedy.
    pub fn new(config: Config) -> Result<Self, Error> {
        let settings = config.resolve()?;
        Ok(Self(Arc::new(Inner {
            credentials: ArcSwap::from_pointee(settings.credentials.clone()),
            transport: Transport::new(&settings)?,
            retry_policy: RetryPolicy::new(&settings),
            listeners: config.listeners,
            create: prepared_head(&settings, Operation::Create)?,
            respond: prepared_head(&settings, Operation::Respond)?,
            close: prepared_head(&settings, Operation::Close)?,
            live: PerProcess::new(Live::new(&settings)),
            calls: CancelToken::new(),
            is_shut_down: AtomicBool::new(false),
            settings,
        })))
    }

    /// Starts a conversation. Blocks until the agent has greeted, at most for the deadline. Since 0.1.0.
    ///
    /// # Errors
    /// Any [`ErrorKind`]. After an error with [`Delivery::Unknown`] a conversation may be open that nobody can reach.
    pub fn create(&self, request: Create) -> Result<Conversation, Error> {
        let call = self.begin(&request.options, self.0.settings.timeout)?;
        self.created(&call, &request)
    }

    /// Starts to create a conversation and returns at once. Its deadline begins now. Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a wrong option of the call, or
    /// [`Internal`](ErrorKind::Internal) when no thread can be had. What [`create`](Self::create) reports comes with the
    /// outcome.
    pub fn start_create(&self, request: Create) -> Result<Turn<Conversation>, Error> {
        let call = self.begin(&request.options, self.0.settings.timeout)?;
        let (client, of_thread) = (self.clone(), Arc::clone(&call));
        Turn::start(self.call_threads(), call, move || {
            client.created(&of_thread, &request)
        })
    }

    /// Goes on with a conversation that was created elsewhere, or earlier. Sends nothing. Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument): the id is empty or longer than 1,024 bytes.
    pub fn attach(&self, conversation_id: impl Into<String>) -> Result<Conversation, Error> {
        let conversation_id = conversation_id.into();
        check_conversation_id(&conversation_id)?;
        Ok(Conversation::attached(self.clone(), conversation_id))
    }

    /// One turn of a conversation, by its id alone: no order among turns and no state is kept. Blocks until the agent
    /// has replied, at most for the deadline. Since 0.1.0.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub fn respond(
        &self,
        conversation_id: &str,
        request: impl Into<Respond>,
    ) -> Result<Reply, Error> {
        let request = request.into();
        let call = self.begin(&request.options, self.0.settings.timeout)?;
        self.respond_in(&call, conversation_id, &request)
    }

    /// Starts a turn of a conversation, by its id alone, and returns at once. Its deadline begins now. Turns of one
    /// conversation that are started so go their way at the same time. Since 0.1.0.
    ///
    /// # Errors
    /// As [`start_create`](Self::start_create); what [`respond`](Self::respond) reports comes with the outcome.
    pub fn start_respond(
        &self,
        conversation_id: impl Into<String>,
        request: impl Into<Respond>,
    ) -> Result<Turn<Reply>, Error> {
        let (conversation_id, request) = (conversation_id.into(), request.into());
        let call = self.begin(&request.options, self.0.settings.timeout)?;
        let (client, of_thread) = (self.clone(), Arc::clone(&call));
        Turn::start(self.call_threads(), call, move || {
            client.respond_in(&of_thread, &conversation_id, &request)
        })
    }

    /// Closes a conversation by its id. Blocks at most for the deadline of a close. A conversation that is over already
    /// counts as closed. Since 0.1.0.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) in the legacy dialect, which has no close; else any [`ErrorKind`].
    pub fn close(&self, conversation_id: &str, request: Close) -> Result<Closed, Error> {
        let call = self.begin(&request.options, self.0.settings.close_timeout)?;
        self.close_in(&call, conversation_id, &request)
    }

    /// Starts to close a conversation by its id, and returns at once. Its deadline begins now. Since 0.1.0.
    ///
    /// # Errors
    /// As [`start_create`](Self::start_create); what [`close`](Self::close) reports comes with the outcome.
    pub fn start_close(
        &self,
        conversation_id: impl Into<String>,
        request: Close,
    ) -> Result<Turn<Closed>, Error> {
        let conversation_id = conversation_id.into();
        let call = self.begin(&request.options, self.0.settings.close_timeout)?;
        let (client, of_thread) = (self.clone(), Arc::clone(&call));
        Turn::start(self.call_threads(), call, move || {
            client.close_in(&of_thread, &conversation_id, &request)
        })
    }

    /// The dialect this client speaks. Since 0.1.0.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.settings.dialect
    }

    /// Where the service is, as it was configured. Since 0.1.0.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.0.settings.base.text
    }

    /// The proxy that stands between this client and the service, without user name and password; `None` where the
    /// connection is direct, also because `no_proxy` says so. Since 0.1.0.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        self.0.settings.proxy.as_ref().map(ToString::to_string)
    }

    /// Replaces key and token, as a pair, while calls run: those that have sent their request already are not touched.
    /// Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument): one of them cannot stand in a header. Nothing is replaced then.
    pub fn replace_credentials(
        &self,
        api_key: impl Into<Secret>,
        token: impl Into<Secret>,
    ) -> Result<(), Error> {
        let credentials = Credentials::replaced(api_key.into(), token.into())?;
        self.0.credentials.store(Arc::new(credentials));
        Ok(())
    }

    /// A text with `[redacted]` wherever it holds key or token, for whoever keeps what was said: customers paste strange
    /// things, and servers echo them. Since 0.1.0.
    #[must_use]
    pub fn redacted(&self, text: &str) -> String {
        self.0.credentials.load().redacted(text)
    }

    /// Opens a connection ahead of the first turn, unless one is idle already, so that the turn need not wait for it.
    /// Sends no request. Blocks at most for `timeout`. Since 0.1.0.
    ///
    /// # Errors
    /// [`Connect`](ErrorKind::Connect), [`Timeout`](ErrorKind::Timeout) or [`Cancelled`](ErrorKind::Cancelled).
    pub fn warm_up(&self, timeout: Duration) -> Result<(), Error> {
        let call = self.begin(&CallOptions::default(), timeout)?;
        self.warmed_up(&call)
    }

    /// Starts to open a connection ahead of the first turn, as [`warm_up`](Self::warm_up) does, and returns at once.
    /// Since 0.1.0.
    ///
    /// # Errors
    /// As [`start_create`](Self::start_create); what [`warm_up`](Self::warm_up) reports comes with the outcome.
    pub fn start_warm_up(&self, timeout: Duration) -> Result<Turn<()>, Error> {
        let call = self.begin(&CallOptions::default(), timeout)?;
        let (client, of_thread) = (self.clone(), Arc::clone(&call));
        Turn::start(self.call_threads(), call, move || {
            client.warmed_up(&of_thread)
        })
    }

    /// Ends every call that is under way with [`Cancelled`](ErrorKind::Cancelled) and a truthful delivery, closes the idle
    /// connections, and has later calls fail as `cancelled`, not sent. Does not wait; may be called from any thread, and
    /// more than once. Nothing is sent: close the conversations first. Since 0.1.0.
    pub fn shut_down(&self) {
        self.0.is_shut_down.store(true, Ordering::SeqCst);
        self.0.calls.cancel();
        self.0.transport.close_idle();
    }

    /// What the breaker does with calls now. Since 0.1.0.
    #[must_use]
    pub fn breaker_state(&self) -> BreakerState {
        self.0.live().breaker.state()
    }

    /// The client's counters. Since 0.1.0.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let live = self.0.live();
        Metrics {
            calls_in_flight: live.in_flight.count(),
            idle_connections: self.0.transport.idle_connections(),
            retries_left: live.retry_budget.left(),
            ..live.observations.metrics()
        }
    }

    /// The last attempts of all calls, oldest first, as many as `recent_attempts` says. Since 0.1.0.
    #[must_use]
    pub fn recent_attempts(&self) -> Vec<Attempt> {
        self.0.live().observations.recent()
    }

    /// Opens a connection to the service as a call would, says how each step went, and closes it. Sends no request.
    /// Blocks at most for `timeout`. Since 0.1.0.
    ///
    /// # Errors
    /// Beside the report of the steps that went well: what came in the way of the next one.
    pub fn inspect_connection(&self, timeout: Duration) -> (ConnectionReport, Result<(), Error>) {
        let call = match self.begin(&CallOptions::default(), timeout) {
            Ok(call) => call,
            Err(error) => return (ConnectionReport::default(), Err(error)),
        };
        let (report, outcome) = self.0.transport.inspect(&call);
        (
            report,
            outcome.map_err(|failure| self.failed(&call, failure)),
        )
    }

    pub(crate) fn call_threads(&self) -> &CallThreads {
        &self.0.live().threads
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Checks what a request says about its own call, and starts its clock.
    pub(crate) fn begin(
        &self,
        options: &CallOptions,
        default_timeout: Duration,
    ) -> Result<Arc<Call>, Error> {
        let call = Call::begin(options, default_timeout, &self.0.calls)?;
        // Asked after the call has entered the list that `shut_down` goes through: one of the two sees the other.
        if self.0.is_shut_down.load(Ordering::SeqCst) {
            return Err(Error::new(
                ErrorKind::Cancelled,
                "the client has been shut down",
            ));
        }
        Ok(call)
    }

    fn warmed_up(&self, call: &Arc<Call>) -> Result<(), Error> {
        let outcome = self.0.transport.warm_up(call);
        outcome.map_err(|failure| self.failed(call, failure))
    }

    fn created(&self, call: &Arc<Call>, request: &Create) -> Result<Conversation, Error> {
        let greeting = self
            .create_in(call, request)
            .map_err(|error| match error.delivery() {
                Delivery::Unknown => {
                    error.with_advice("; a conversation may be open that nobody can reach")
                }
                Delivery::NotSent | Delivery::Rejected => error,
            })?;
        Ok(Conversation::greeted(self.clone(), greeting))
    }

    fn create_in(&self, call: &Arc<Call>, request: &Create) -> Result<Greeting, Error> {
        let body = self.dialect().create_body(request)?;
        let (received, reply) =
            self.exchange(call, Operation::Create, &body.json, &|verdict, incoming| {
                read(verdict, incoming, read_create)
            })?;
        Ok(Greeting {
            conversation_id: reply.conversation_id,
            response: reply.response,
            user_id: body.user_id,
            answer: answer(call, received),
        })
    }

    pub(crate) fn respond_in(
        &self,
        call: &Arc<Call>,
        conversation_id: &str,
        request: &Respond,
    ) -> Result<Reply, Error> {
        check_conversation_id(conversation_id)?;
        let body = self.dialect().respond_body(conversation_id, request)?;
        let understand = |text: &str| {
            let reply = self.dialect().read_respond(text)?;
            match &reply.conversation_id {
                Some(id) if id != conversation_id => Err(Unreadable::OfAnotherConversation),
                _ => Ok(reply),
            }
        };
        let (received, reply) =
            self.exchange(call, Operation::Respond, &body, &|verdict, incoming| {
                read(verdict, incoming, understand)
            })?;
        Ok(Reply {
            conversation_id: conversation_id.to_owned(),
            response: reply.response,
            end_conversation: reply.end_conversation,
            handoff: reply.handoff,
            answer: answer(call, received),
        })
    }

    pub(crate) fn close_in(
        &self,
        call: &Arc<Call>,
        conversation_id: &str,
        request: &Close,
    ) -> Result<Closed, Error> {
        check_conversation_id(conversation_id)?;
        let body = self.dialect().close_body(conversation_id, request)?;
        let (received, was_over) = self.exchange(call, Operation::Close, &body, &read_closed)?;
        Ok(Closed {
            was_over,
            answer: answer(call, received),
        })
    }

    fn exchange<T>(
        &self,
        call: &Arc<Call>,
        operation: Operation,
        body: &[u8],
        understand: Understand<'_, T>,
    ) -> Result<(ReceivedHead, T), Error> {
        let exchange = Exchange {
            client: &self.0,
            call,
            operation,
            body,
        };
        exchange.run(understand)
    }

    /// The error of a connection that was opened without a request.
    fn failed(&self, call: &Call, failure: Failure) -> Error {
        let verdict = Verdict {
            settings: &self.0.settings,
            credentials: &self.0.credentials.load(),
            call,
        };
        verdict.on_failure(failure)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.0.settings;
        formatter
            .debug_struct("Client")
            .field("base_url", &settings.base.text)
            .field("account_id", &settings.account_id)
            .field("project_id", &settings.project_id)
            .field("dialect", &settings.dialect)
            .finish_non_exhaustive()
    }
}

/// Reads an answer. Only one that is complete and makes sense leaves its connection to the next call.
fn read<T>(
    verdict: &Verdict<'_>,
    incoming: Incoming,
    understand: impl FnOnce(&str) -> Result<T, Unreadable>,
) -> Result<(ReceivedHead, T), Error> {
    if !incoming.received.is_success() {
        return Err(verdict.on_status(&incoming.keep_connection()));
    }
    let body = std::str::from_utf8(&incoming.received.body);
    match body.map_err(Unreadable::NotText).and_then(understand) {
        Ok(reply) => Ok((incoming.keep_connection(), reply)),
        Err(unreadable) => Err(verdict.on_unreadable(&incoming.received, &unreadable)),
    }
}

/// Reads the answer to a close, and tells whether the conversation was over already.
fn read_closed(verdict: &Verdict<'_>, incoming: Incoming) -> Result<(ReceivedHead, bool), Error> {
    if !incoming.received.is_success() {
        let received = incoming.keep_connection();
        let error = verdict.on_status(&received);
        // To close, a conversation that is over is what was wanted.
        return match says_that_it_is_over(&error) {
            true => Ok((received, true)),
            false => Err(error),
        };
    }
    let (received, reply) = read(verdict, incoming, read_close)?;
    match reply.success {
        true => Ok((received, false)),
        false => Err(verdict.on_refused_close(&received)),
    }
}

fn check_conversation_id(id: &str) -> Result<(), Error> {
    if id.is_empty() || id.len() > 1024 {
        return Err(Error::invalid_argument(
            "conversation_id must be the id that create returned, 1 to 1,024 bytes long",
        ));
    }
    Ok(())
}

fn answer(call: &Call, received: ReceivedHead) -> Answer {
    Answer {
        raw: String::from_utf8(received.body).unwrap_or_default(),
        headers: received.headers,
        correlation_id: call.correlation_id.clone(),
        elapsed: call.began.elapsed(),
    }
}

/// The path of an operation, and the headers that are the same for every call.
fn prepared_head(settings: &Settings, operation: Operation) -> Result<PreparedHead, Error> {
    let uri = operation_uri(settings, operation)?;
    let method = match operation {
        Operation::Create | Operation::Respond => Method::Post,
        Operation::Close => Method::Put,
    };
    let ours = concat!("polyai-chat/", env!("CARGO_PKG_VERSION"));
    let user_agent = match &settings.user_agent {
        Some(added) => format!("{ours} {added}"),
        None => ours.to_owned(),
    };
    let headers = [
        ("Host", settings.base.authority.as_str()),
        ("User-Agent", &user_agent),
        ("Content-Type", "application/json"),
    ];
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok(PreparedHead::new(method, path, &headers))
}

fn operation_uri(settings: &Settings, operation: Operation) -> Result<Uri, Error> {
    let Settings {
        base,
        version,
        account_id,
        project_id,
        ..
    } = settings;
    let text = format!(
        "{}/{version}/{account_id}/{project_id}/chat/{operation}",
        base.text
    );
    text.parse().map_err(|error| {
        Error::new(
            ErrorKind::Configuration,
            format!("{text:?} is not a URL: {error}"),
        )
        .with_phase(Phase::Prepare)
    })
}
