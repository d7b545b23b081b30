//! A conversation: its id and greeting, the order of its turns, and whether it is over.

use crate::call::{Call, CallOptions, Close, Place, Respond, Stop, Turn, TurnQueue};
use crate::engine::{Engine, says_that_it_is_over};
use crate::foundation::deadline::Deadline;
use crate::foundation::fork::PerProcess;
use crate::foundation::named::named;
use crate::foundation::sync::{AtomicU8, Mutex, Ordering, lock};
use crate::model::{Closed, Delivery, Dialect, Error, ErrorKind, Greeting, Phase, Reply};
use std::fmt;
use std::sync::Arc;

named! {
    /// What is known about a conversation. Since 0.1.0.
    ConversationState;
    Open = 1, "open", "Turns can be sent.";
    InDoubt = 2, "in_doubt", "Turns can be sent, but the agent may have heard an earlier one, ended the conversation or handed it off. The next complete reply settles it.";
    Ended = 3, "ended", "The service has said that it is over. Turns are refused without a request.";
    Closed = 4, "closed", "It was closed from this side. Turns are refused without a request.";
}

const IN_DOUBT: u8 = ConversationState::InDoubt as u8;
const ENDED: u8 = ConversationState::Ended as u8;
const CLOSED: u8 = ConversationState::Closed as u8;

/// One conversation with the agent.
///
/// Cheap to clone; clones are the same conversation. May be used from any number of threads: turns are sent one at a
/// time, in the order of the calls, and a waiting call stays inside its own deadline. Dropping it sends nothing; use
/// [`close`](Self::close). Since 0.1.0.
#[derive(Clone)]
pub struct Conversation(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    greeting: Greeting,
    is_attached: bool,
    turns: TurnQueue,
    /// The end of the time that all turns may take together.
    until: Option<Deadline>,
    /// A [`ConversationState`]; only the call whose turn it is changes it.
    state: AtomicU8,
    closed: PerProcess<Mutex<Option<Box<Closed>>>>,
}

impl Conversation {
    pub(crate) fn greeted(engine: Arc<Engine>, mut greeting: Greeting) -> Self {
        // It lasts as long as the conversation.
        greeting.answer.headers.shrink();
        Self::new(engine, greeting, false)
    }

    pub(crate) fn attached(engine: Arc<Engine>, id: Arc<str>) -> Self {
        Self::new(engine, Greeting::none(id), true)
    }

    fn new(engine: Arc<Engine>, greeting: Greeting, is_attached: bool) -> Self {
        let budget = engine.settings.conversation_timeout;
        Self(Arc::new(Inner {
            // Counted from the create, which has taken its time already.
            until: budget.map(|budget| {
                let left = budget.saturating_sub(greeting.elapsed());
                Deadline::after(left, &engine.settings.clock)
            }),
            engine,
            greeting,
            is_attached,
            turns: TurnQueue::default(),
            state: AtomicU8::new(ConversationState::Open as u8),
            closed: PerProcess::new(Mutex::default()),
        }))
    }

    /// The id that the service gave it. Since 0.1.0.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.greeting.conversation_id()
    }

    /// What the agent said first. Empty for a conversation that was attached to: what was said there is not known.
    /// Since 0.1.0.
    #[must_use]
    pub fn greeting(&self) -> &Greeting {
        &self.0.greeting
    }

    /// Whether it was created elsewhere, or earlier: see [`Client::attach`](crate::Client::attach). Since 0.1.0.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.0.is_attached
    }

    /// What is known about it now. Since 0.1.0.
    #[must_use]
    pub fn state(&self) -> ConversationState {
        match self.0.state.load(Ordering::Acquire) {
            IN_DOUBT => ConversationState::InDoubt,
            ENDED => ConversationState::Ended,
            CLOSED => ConversationState::Closed,
            _ => ConversationState::Open,
        }
    }

    /// Whether it is over, by the service's word or by being closed. Since 0.1.0.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(
            self.state(),
            ConversationState::Ended | ConversationState::Closed
        )
    }

    /// One turn: says something, or nothing with [`Respond::without_message`], and returns the agent's reply. Blocks
    /// until then, at most for the deadline. Since 0.1.0.
    ///
    /// # Errors
    /// [`ConversationEnded`](ErrorKind::ConversationEnded) without a request when it is over;
    /// [`Busy`](ErrorKind::Busy) when the deadline passes while an earlier turn is under way; else any [`ErrorKind`].
    pub fn respond(&self, request: impl Into<Respond>) -> Result<Reply, Error> {
        let request = request.into();
        let call = self.begin_respond(&request)?;
        let place = self.0.turns.join();
        self.respond_in_turn(&call, &place, &request)
    }

    /// Starts a turn and returns at once. It is queued now, and its deadline starts now. Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a wrong option of the call, or
    /// [`Unavailable`](ErrorKind::Unavailable) when no thread can be had. What [`respond`](Self::respond) reports comes with the
    /// outcome.
    pub fn start_respond(&self, request: impl Into<Respond>) -> Result<Turn<Reply>, Error> {
        let request = request.into();
        let call = self.begin_respond(&request)?;
        let place = self.0.turns.join();
        let conversation = self.clone();
        self.0.engine.start(call, move |_, call| {
            conversation.respond_in_turn(call, &place, &request)
        })
    }

    /// Starts a close and returns at once, as [`start_respond`](Self::start_respond) does. Since 0.1.0.
    ///
    /// # Errors
    /// As [`start_respond`](Self::start_respond).
    pub fn start_close(&self, request: Close) -> Result<Turn<Closed>, Error> {
        let call = self.begin_close(&request)?;
        let place = self.0.turns.join();
        let conversation = self.clone();
        self.0.engine.start(call, move |_, call| {
            conversation.close_in_turn(call, &place, &request)
        })
    }

    /// Closes it. Sent once, also when the service has already said that it is over; later calls return the first
    /// answer. Waits for earlier turns. Blocks at most for the deadline of a close. Since 0.1.0.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) in the legacy dialect, which has no close; else any [`ErrorKind`].
    pub fn close(&self) -> Result<Closed, Error> {
        self.close_with(Close::new())
    }

    /// As [`close`](Self::close), with options. Since 0.1.0.
    ///
    /// # Errors
    /// As [`close`](Self::close).
    pub fn close_with(&self, request: Close) -> Result<Closed, Error> {
        let call = self.begin_close(&request)?;
        let place = self.0.turns.join();
        self.close_in_turn(&call, &place, &request)
    }

    /// Closes it if that is still of use: sends nothing, and returns `None`, when it is over once earlier turns are done, or
    /// the dialect has no close. For the end of a scope. Since 0.1.0.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub fn close_if_open(&self) -> Result<Option<Closed>, Error> {
        self.close_if_open_with(Close::new())
    }

    /// As [`close_if_open`](Self::close_if_open), with options. For other languages, whose calls have a check.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    #[doc(hidden)]
    pub fn close_if_open_with(&self, request: Close) -> Result<Option<Closed>, Error> {
        if !self.is_close_of_use() {
            return Ok(None);
        }
        let call = self.begin_close(&request)?;
        let place = self.0.turns.join();
        self.close_in_turn_if_open(&call, &place, &request)
    }

    /// Starts to close it if that is still of use, as [`close_if_open`](Self::close_if_open) does, and returns at once.
    /// Since 0.1.0.
    ///
    /// # Errors
    /// As [`start_respond`](Self::start_respond).
    pub fn start_close_if_open(&self) -> Result<Turn<Option<Closed>>, Error> {
        let request = Close::new();
        let call = self.begin_close(&request)?;
        let place = self.0.turns.join();
        let conversation = self.clone();
        self.0.engine.start(call, move |_, call| {
            conversation.close_in_turn_if_open(call, &place, &request)
        })
    }

    fn is_close_of_use(&self) -> bool {
        !self.is_over() && self.0.engine.settings.dialect != Dialect::Legacy
    }

    /// Starts the clock of a turn, which ends with its own deadline or the conversation's, whichever comes first.
    fn begin_respond(&self, request: &Respond) -> Result<Call, Error> {
        let engine = &self.0.engine;
        let Some(until) = self.0.until else {
            return engine.begin(&request.0.options, engine.settings.timeout);
        };
        let Some(left) = until.remaining(&engine.settings.clock) else {
            return Err(Error::new(
                ErrorKind::Timeout,
                "the time for all turns of this conversation is used up (conversation_timeout_ms)",
            ));
        };
        let own = request.0.options.timeout.unwrap_or(engine.settings.timeout);
        let options = CallOptions {
            timeout: Some(if own.is_zero() { own } else { own.min(left) }),
            ..request.0.options.clone()
        };
        engine.begin(&options, left)
    }

    fn begin_close(&self, request: &Close) -> Result<Call, Error> {
        let engine = &self.0.engine;
        engine.begin(&request.0.options, engine.settings.close_timeout)
    }

    fn respond_in_turn(
        &self,
        call: &Call,
        place: &Place,
        request: &Respond,
    ) -> Result<Reply, Error> {
        place.wait(call).map_err(|stop| queue_error(stop, call))?;
        if self.is_over() {
            return Err(self.is_over_error(call));
        }
        self.learn_from(
            self.0
                .engine
                .respond(call, &self.0.greeting.conversation_id, request),
        )
    }

    fn close_in_turn(&self, call: &Call, place: &Place, request: &Close) -> Result<Closed, Error> {
        place.wait(call).map_err(|stop| queue_error(stop, call))?;
        let closed = self.0.closed.get(Mutex::default);
        if let Some(closed) = &*lock(closed) {
            return Ok(Closed::clone(closed));
        }
        let answer = self.0.engine.close(call, self.id(), request)?;
        self.0.state.store(CLOSED, Ordering::Release);
        *lock(closed) = Some(Box::new(answer.clone()));
        Ok(answer)
    }

    fn close_in_turn_if_open(
        &self,
        call: &Call,
        place: &Place,
        request: &Close,
    ) -> Result<Option<Closed>, Error> {
        place.wait(call).map_err(|stop| queue_error(stop, call))?;
        if !self.is_close_of_use() {
            return Ok(None);
        }
        self.close_in_turn(call, place, request).map(Some)
    }

    /// Keeps what a turn tells about the conversation.
    fn learn_from(&self, outcome: Result<Reply, Error>) -> Result<Reply, Error> {
        let learn = |state: ConversationState| self.0.state.store(state as u8, Ordering::Release);
        match outcome {
            Ok(reply) => {
                learn(match reply.end_conversation() {
                    true => ConversationState::Ended,
                    false => ConversationState::Open,
                });
                Ok(reply)
            }
            Err(error) if says_that_it_is_over(&error) => {
                let was_in_doubt = self.state() == ConversationState::InDoubt;
                learn(ConversationState::Ended);
                Err(match was_in_doubt {
                    true => error.with_advice(
                        "; the reply to an earlier turn was lost, and may have held the end or a handoff",
                    ),
                    false => error,
                })
            }
            Err(error) => {
                if error.delivery() == Delivery::Unknown {
                    learn(ConversationState::InDoubt);
                }
                Err(error)
            }
        }
    }

    fn is_over_error(&self, call: &Call) -> Error {
        let message = match self.state() {
            ConversationState::Closed => "the conversation has been closed; create a new one",
            _ => "the conversation is over; create a new one",
        };
        Error::new(ErrorKind::ConversationEnded, message).with_correlation_id(&call.correlation_id)
    }
}

fn queue_error(stop: Stop, call: &Call) -> Error {
    let error = match stop {
        Stop::DeadlinePassed => Error::new(
            ErrorKind::Busy,
            format!(
                "an earlier turn of the conversation was still under way when the deadline of {} s passed",
                call.timeout.as_secs_f64()
            ),
        ),
        Stop::Cancelled => Error::new(
            ErrorKind::Cancelled,
            "cancelled while waiting for an earlier turn",
        ),
        Stop::Forked => Error::forked(),
    };
    error
        .with_phase(Phase::Queue)
        .with_correlation_id(&call.correlation_id)
}

impl fmt::Debug for Conversation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Conversation")
            .field("id", &self.id())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
