//! What carries out operations: settings, credentials, transport, and what is counted over all calls.

use super::breaker::Breaker;
use super::calls_in_flight::CallsInFlight;
use super::request_head::prepared_head;
use super::retry::{RetryBudget, RetryPolicy};
use super::verdict::Verdict;
use crate::call::{Call, CallOptions, CallThreads, CancelToken, Turn};
use crate::config::{Config, Credentials, Settings};
use crate::foundation::deadline::Deadline;
use crate::foundation::fork::PerProcess;
use crate::model::{Error, Operation};
use crate::observe::{Listeners, Metrics, Observations};
use crate::transport::{ConnectionReport, Failure, PreparedHead, Transport};
use arc_swap::ArcSwap;
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

/// What the thread of a started call does.
type Work<T> = Box<dyn FnOnce(&Arc<Engine>, &Call) -> Result<T, Error> + Send>;

/// Carries out operations; what all clones of a client and all its conversations share.
pub(crate) struct Engine {
    pub(crate) settings: Settings,
    pub(crate) credentials: ArcSwap<Credentials>,
    pub(crate) transport: Transport,
    pub(crate) retry_policy: RetryPolicy,
    pub(crate) listeners: Listeners,
    pub(crate) create: PreparedHead,
    pub(crate) respond: PreparedHead,
    pub(crate) close: PreparedHead,
    live: PerProcess<Live>,
    /// Those of all clones of the client; cancelled for good by `shut_down`.
    calls: CancelToken,
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
            breaker: Breaker::new(
                settings.breaker_failures,
                settings.breaker_open,
                settings.clock.clone(),
            ),
            retry_budget: RetryBudget::new(settings.retry_budget),
            observations: Observations::new(settings.recent_attempts),
            threads: CallThreads::default(),
        }
    }
}

impl Engine {
    pub(crate) fn live(&self) -> &Live {
        self.live.get(|| Live::new(&self.settings))
    }

    /// Reads the files that the configuration names; does not touch the network.
    #[inline]
    pub(crate) fn new(config: Config) -> Result<Self, Error> {
        let (settings, credentials) = config.resolve()?;
        Ok(Self {
            credentials: ArcSwap::from_pointee(credentials),
            transport: Transport::new(&settings)?,
            retry_policy: RetryPolicy::new(&settings),
            listeners: config.listeners,
            create: prepared_head(&settings, Operation::Create)?,
            respond: prepared_head(&settings, Operation::Respond)?,
            close: prepared_head(&settings, Operation::Close)?,
            live: PerProcess::new(Live::new(&settings)),
            calls: CancelToken::new(),
            settings,
        })
    }

    /// Checks what a request says about its own call, and starts its clock.
    pub(crate) fn begin(
        &self,
        options: &CallOptions,
        default_timeout: Duration,
    ) -> Result<Call, Error> {
        Call::begin(options, default_timeout, &self.calls, &self.settings.clock)
    }

    /// Has another thread do the work of a call.
    pub(crate) fn start<T: Send + 'static>(
        self: &Arc<Self>,
        call: Call,
        work: impl FnOnce(&Arc<Self>, &Call) -> Result<T, Error> + Send + 'static,
    ) -> Result<Turn<T>, Error> {
        self.start_boxed(call, Box::new(work))
    }

    /// Once in the library for each kind of outcome.
    #[inline(never)]
    fn start_boxed<T: Send + 'static>(
        self: &Arc<Self>,
        mut call: Call,
        work: Work<T>,
    ) -> Result<Turn<T>, Error> {
        let threads = &self.live().threads;
        call.is_one_of_many = threads.are_many();
        let call = Arc::new(call);
        let (engine, of_thread) = (Arc::clone(self), Arc::clone(&call));
        Turn::start(threads, call, move || work(&engine, &of_thread))
    }

    pub(crate) fn warm_up(&self, call: &Call) -> Result<(), Error> {
        let outcome = self.transport.warm_up(call);
        outcome.map_err(|failure| self.failed(call, failure))
    }

    pub(crate) fn inspect_connection(&self, call: &Call) -> (ConnectionReport, Result<(), Error>) {
        let (report, outcome) = self.transport.inspect(call);
        (
            report,
            outcome.map_err(|failure| self.failed(call, failure)),
        )
    }

    pub(crate) fn shut_down(&self) {
        self.calls.cancel_for_good();
        self.live().threads.dismiss();
        self.transport.close_idle();
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.calls.is_cancelled_for_good()
    }

    /// Waits until no thread of this client is left, but no longer than this; returns whether none is.
    pub(crate) fn wait_for_threads(&self, at_most: Duration) -> bool {
        let clock = &self.settings.clock;
        let until = Deadline::after(at_most, clock);
        let left = || Some(clock.patience(until.remaining(clock)?));
        self.live().threads.wait_until_none(left) && self.transport.wait_for_resolver(left)
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let live = self.live();
        Metrics {
            calls_in_flight: live.in_flight.count(),
            idle_connections: self.transport.idle_connections(),
            retries_left: live.retry_budget.left(),
            breaker: live.breaker.state(),
            ..live.observations.metrics()
        }
    }

    /// The error of a connection that was opened without a request.
    fn failed(&self, call: &Call, failure: Failure) -> Error {
        let verdict = Verdict {
            settings: &self.settings,
            credentials: &self.credentials.load(),
            call,
            body: b"",
            confidential: OnceCell::new(),
        };
        verdict.on_failure(failure)
    }
}
