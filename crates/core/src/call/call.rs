//! What one call carries with it: its options, its deadline, and the ways to end it early.

use super::cancel::{CallCancel, CancelToken, UnderWay};
use super::correlation;
use super::extra_headers;
use crate::foundation::clock::Clock;
use crate::foundation::deadline::Deadline;
use crate::foundation::fork::Process;
use crate::model::{Error, ErrorKind};
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a blocked call waits at most before it runs the caller's check again.
pub(crate) const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// The caller's check, run on the calling thread while a call waits; `true` cancels the call.
pub(crate) type Check = Arc<dyn Fn() -> bool + Send + Sync>;

/// What a binding wants to find again when a listener hears of the call, on whichever thread that is.
pub(crate) type Context = Arc<dyn Any + Send + Sync>;

/// The longest a single call may be given: a day.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

/// What every request may carry beside its content.
#[derive(Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) cancel: Option<CancelToken>,
    pub(crate) check: Option<Check>,
    pub(crate) context: Option<Context>,
    pub(crate) correlation_id: Option<String>,
    /// Beside those of the library; checked when the call begins.
    pub(crate) headers: Vec<(String, String)>,
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("cancel", &self.cancel)
            .field("check", &self.check.is_some())
            .field("correlation_id", &self.correlation_id)
            .finish()
    }
}

/// Why a call that waits must stop waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    DeadlinePassed,
    /// The call was started before a fork and now runs in the child.
    Forked,
}

/// A call that is under way.
pub(crate) struct Call {
    pub(crate) deadline: Deadline,
    pub(crate) timeout: Duration,
    began: Instant,
    pub(crate) cancel: Arc<CallCancel>,
    pub(crate) correlation_id: Arc<str>,
    /// What the caller adds to the head of the request.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) clock: Clock,
    /// The one that began it; this may be a forked child.
    pub(crate) process: Process,
    check: Option<Check>,
    pub(crate) context: Option<Context>,
    /// It was started, beside many others, and runs on a thread of ours: it holds little while it waits.
    pub(crate) is_one_of_many: bool,
    // Keeps the call in its own token and in the client's for as long as it runs.
    _under_way: (Option<UnderWay>, UnderWay),
}

impl Call {
    /// Checks what a request says about its own call, and starts its clock. `all_calls` is the client's own token.
    pub(crate) fn begin(
        options: &CallOptions,
        default_timeout: Duration,
        all_calls: &CancelToken,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let timeout = options.timeout.unwrap_or(default_timeout);
        if timeout.is_zero() || timeout > LONGEST_TIMEOUT {
            return Err(Error::invalid_argument(
                "timeout must be longer than zero and at most a day (86,400 s)",
            ));
        }
        let correlation_id = match &options.correlation_id {
            Some(id) => correlation::checked(id)?,
            None => correlation::new_id(),
        };
        extra_headers::check(&options.headers)?;
        let cancel = Arc::new(CallCancel::default());
        let of_all = all_calls.enter(&cancel);
        if all_calls.is_cancelled_for_good() {
            return Err(refused("the client has been shut down", &correlation_id));
        }
        let of_caller = options.cancel.as_ref().map(|token| token.enter(&cancel));
        if options
            .cancel
            .as_ref()
            .is_some_and(CancelToken::is_cancelled_for_good)
        {
            return Err(refused("cancelled before it began", &correlation_id));
        }
        Ok(Self {
            deadline: Deadline::after(timeout, clock),
            timeout,
            began: clock.now(),
            correlation_id,
            headers: options.headers.clone(),
            check: options.check.clone(),
            context: options.context.clone(),
            is_one_of_many: false,
            clock: clock.clone(),
            process: Process::current(),
            _under_way: (of_caller, of_all),
            cancel,
        })
    }

    /// How long the call may block now before it asks again, or why it may not. Runs the caller's check.
    pub(crate) fn may_block(&self, until: Deadline) -> Result<Duration, Stop> {
        if let Some(stop) = self.stopped() {
            return Err(stop);
        }
        let Some(left) = self.deadline.earlier_of(until).remaining(&self.clock) else {
            return Err(Stop::DeadlinePassed);
        };
        let patience = self.clock.patience(left);
        Ok(match self.check {
            Some(_) => patience.min(CHECK_INTERVAL),
            None => patience,
        })
    }

    /// What is left until the deadline, or `None` once it has passed.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.deadline.remaining(&self.clock)
    }

    /// How long the call has taken so far.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.since(self.began)
    }

    /// Why the call has been told to stop, its deadline left aside.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        if self.cancel.is_cancelled() {
            return Some(Stop::Cancelled);
        }
        if !self.process.is_current() {
            return Some(Stop::Forked);
        }
        if self.check.as_ref().is_some_and(|check| check()) {
            self.cancel.cancel();
            return Some(Stop::Cancelled);
        }
        None
    }
}

/// The error of a call that was cancelled before it began.
#[cold]
fn refused(why: &str, correlation_id: &str) -> Error {
    Error::new(ErrorKind::Cancelled, why).with_correlation_id(correlation_id)
}
