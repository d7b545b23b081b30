//! The client: three operations, stateless by conversation id.

use super::conversation::Conversation;
use crate::call::{Call, CallOptions, Close, Create, Respond, Turn};
use crate::config::{Config, Credentials, Settings};
use crate::engine::{Engine, check_conversation_id};
use crate::foundation::secret::Secret;
use crate::model::{Attempt, BreakerState, Closed, Dialect, Error, Reply};
use crate::observe::{LogLine, Metrics};
use crate::transport::ConnectionReport;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Talks to one project of the service.
///
/// Cheap to clone; clones share connections. May be used from any number of threads at the same time. Making one opens
/// no socket and starts no thread. Since 0.1.0.
#[derive(Clone)]
pub struct Client(Arc<Engine>);

impl Client {
    /// Makes a client. Reads the files that the configuration names; does not touch the network. Since 0.1.0.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration): something is missing or wrong, with option, source and
    /// remedy.
    #[inline]
    pub fn new(config: Config) -> Result<Self, Error> {
        Ok(Self(Arc::new(Engine::new(config)?)))
    }

    /// Starts a conversation. Blocks until the agent has greeted, at most for the deadline. Since 0.1.0.
    ///
    /// # Errors
    /// Any [`ErrorKind`](crate::ErrorKind). After an error with [`Delivery::Unknown`](crate::Delivery::Unknown) a
    /// conversation may be open that nobody can reach.
    pub fn create(&self, request: Create) -> Result<Conversation, Error> {
        let call = self.0.begin(&request.0.options, self.0.settings.timeout)?;
        created(&self.0, &call, &request)
    }

    /// Starts to create a conversation and returns at once. Its deadline begins now. Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for a wrong option of the call, or
    /// [`Unavailable`](crate::ErrorKind::Unavailable) when no thread can be had. What [`create`](Self::create) reports
    /// comes with the outcome.
    pub fn start_create(&self, request: Create) -> Result<Turn<Conversation>, Error> {
        let call = self.0.begin(&request.0.options, self.0.settings.timeout)?;
        self.0
            .start(call, move |engine, call| created(engine, call, &request))
    }

    /// Goes on with a conversation that was created elsewhere, or earlier. Sends nothing. Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument): the id is empty, longer than 1,024 bytes, or holds a control character.
    pub fn attach(&self, conversation_id: impl Into<String>) -> Result<Conversation, Error> {
        let conversation_id = conversation_id.into();
        check_conversation_id(&conversation_id)?;
        Ok(Conversation::attached(
            Arc::clone(&self.0),
            conversation_id.into(),
        ))
    }

    /// One turn of a conversation, by its id alone: no order among turns and no state is kept. Blocks until the agent
    /// has replied, at most for the deadline. Since 0.1.0.
    ///
    /// # Errors
    /// Any [`ErrorKind`](crate::ErrorKind).
    pub fn respond(
        &self,
        conversation_id: &str,
        request: impl Into<Respond>,
    ) -> Result<Reply, Error> {
        let request = request.into();
        let call = self.0.begin(&request.0.options, self.0.settings.timeout)?;
        check_conversation_id(conversation_id)?;
        self.0.respond(&call, &conversation_id.into(), &request)
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
        let (conversation_id, request) = (Arc::<str>::from(conversation_id.into()), request.into());
        let call = self.0.begin(&request.0.options, self.0.settings.timeout)?;
        self.0.start(call, move |engine, call| {
            check_conversation_id(&conversation_id)?;
            engine.respond(call, &conversation_id, &request)
        })
    }

    /// Closes a conversation by its id. Blocks at most for the deadline of a close. A conversation that is over already
    /// counts as closed. Since 0.1.0.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) in the legacy dialect, which has no close; else any
    /// [`ErrorKind`](crate::ErrorKind).
    pub fn close_conversation(
        &self,
        conversation_id: &str,
        request: Close,
    ) -> Result<Closed, Error> {
        let call = self
            .0
            .begin(&request.0.options, self.0.settings.close_timeout)?;
        check_conversation_id(conversation_id)?;
        self.0.close(&call, conversation_id, &request)
    }

    /// Starts to close a conversation by its id, and returns at once. Its deadline begins now. Since 0.1.0.
    ///
    /// # Errors
    /// As [`start_create`](Self::start_create); what [`close_conversation`](Self::close_conversation) reports comes with the outcome.
    pub fn start_close_conversation(
        &self,
        conversation_id: impl Into<String>,
        request: Close,
    ) -> Result<Turn<Closed>, Error> {
        let conversation_id = conversation_id.into();
        let call = self
            .0
            .begin(&request.0.options, self.0.settings.close_timeout)?;
        self.0.start(call, move |engine, call| {
            check_conversation_id(&conversation_id)?;
            engine.close(call, &conversation_id, &request)
        })
    }

    pub(crate) fn credentials(&self) -> Arc<Credentials> {
        self.0.credentials.load_full()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
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
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument): one of them cannot stand in a header. Nothing is
    /// replaced then.
    pub fn replace_credentials(
        &self,
        api_key: impl Into<Secret>,
        token: impl Into<Secret>,
    ) -> Result<(), Error> {
        let credentials = Credentials::replaced(api_key.into(), token.into())?;
        self.0.credentials.store(Arc::new(credentials));
        Ok(())
    }

    /// A text with `[redacted]` wherever it holds key, token or the proxy's password, in whatever form, for a program that keeps what was
    /// said: customers paste strange things, and servers echo them. Since 0.1.0.
    #[must_use]
    pub fn redacted(&self, text: &str) -> String {
        let proxy = self.0.settings.proxy.as_ref();
        self.0.credentials.load().confidential(proxy).redacted(text)
    }

    /// Opens a connection ahead of the first turn, unless one is idle already, so that the turn need not wait for it.
    /// Sends no request. Blocks at most for `timeout`. Since 0.1.0.
    ///
    /// # Errors
    /// [`Connect`](crate::ErrorKind::Connect), [`Timeout`](crate::ErrorKind::Timeout) or
    /// [`Cancelled`](crate::ErrorKind::Cancelled).
    pub fn warm_up(&self, timeout: Duration) -> Result<(), Error> {
        let call = self.0.begin(&CallOptions::default(), timeout)?;
        self.0.warm_up(&call)
    }

    /// Starts to open a connection ahead of the first turn, as [`warm_up`](Self::warm_up) does, and returns at once.
    /// Since 0.1.0.
    ///
    /// # Errors
    /// As [`start_create`](Self::start_create); what [`warm_up`](Self::warm_up) reports comes with the outcome.
    pub fn start_warm_up(&self, timeout: Duration) -> Result<Turn<()>, Error> {
        let call = self.0.begin(&CallOptions::default(), timeout)?;
        self.0.start(call, |engine, call| engine.warm_up(call))
    }

    /// Ends every call that is under way with [`Cancelled`](crate::ErrorKind::Cancelled) and a truthful delivery,
    /// closes the idle
    /// connections, and has later calls fail as `cancelled`, not sent. Does not wait; may be called from any thread,
    /// and
    /// more than once. Nothing is sent: close the conversations first. Since 0.1.0.
    pub fn shut_down(&self) {
        self.0.shut_down();
    }

    /// As [`shut_down`](Self::shut_down), and waits until no thread of this client is left, but no longer than this; tells
    /// whether none is. A name server that does not answer can keep the resolver thread. No other thread may start a call of the
    /// client meanwhile. Called from a listener, it waits in vain. Since 0.1.0.
    #[must_use]
    pub fn shut_down_and_wait(&self, at_most: Duration) -> bool {
        self.0.shut_down();
        self.0.wait_for_threads(at_most)
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.0.is_shut_down()
    }

    /// What the breaker does with calls now. Since 0.1.0.
    #[must_use]
    pub fn breaker_state(&self) -> BreakerState {
        self.0.live().breaker.state()
    }

    /// The client's counters. Since 0.1.0.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.0.metrics()
    }

    /// The last attempts of all calls, oldest first, as many as `recent_attempts` says. Only those with a serial number larger
    /// than `after` are given, so that a poller can ask for the new ones only; 0 gives all. Since 0.1.0.
    #[must_use]
    pub fn recent_attempts(&self, after: u64) -> Vec<Attempt> {
        self.0.live().observations.recent(after)
    }

    /// As [`recent_attempts`](Self::recent_attempts), each as the line that
    /// [`Config::on_log`](crate::Config::on_log) has for it. For a host that cannot be called from a thread of the library:
    /// it asks for the lines instead. Since 0.1.0.
    #[must_use]
    pub fn recent_log_lines(&self, after: u64) -> Vec<LogLine> {
        self.recent_attempts(after)
            .iter()
            .map(LogLine::of)
            .collect()
    }

    /// Opens a connection to the service as a call would, says how each step went, and closes it. Sends no request.
    /// Blocks at most for `timeout`. Since 0.1.0.
    ///
    /// # Errors
    /// Beside the report of the steps that went well: what came in the way of the next one.
    pub fn inspect_connection(&self, timeout: Duration) -> (ConnectionReport, Result<(), Error>) {
        let call = match self.0.begin(&CallOptions::default(), timeout) {
            Ok(call) => call,
            Err(error) => return (ConnectionReport::default(), Err(error)),
        };
        self.0.inspect_connection(&call)
    }
}

fn created(engine: &Arc<Engine>, call: &Call, request: &Create) -> Result<Conversation, Error> {
    let greeting = engine.create(call, request)?;
    Ok(Conversation::greeted(Arc::clone(engine), greeting))
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
