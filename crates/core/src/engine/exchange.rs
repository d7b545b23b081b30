//! One call: sends the request as often as is allowed, and reports each attempt to the listeners.

use super::engine::Engine;
use super::retry::random;
use super::verdict::Verdict;
use crate::call::{Call, Stop};
use crate::config::Credentials;
use crate::model::{
    Attempt, CORRELATION_HEADER, Delivery, Error, ErrorKind, Operation, Phase, Repeat,
};
use crate::transport::{Failure, Incoming, Outgoing, ReceivedHead, Trace};
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Reads a complete answer, or returns the error that it amounts to.
pub(crate) type Interpret<'a> =
    &'a mut dyn FnMut(&Verdict<'_>, Incoming<'_>) -> Result<ReceivedHead, Error>;

/// A request, sent again until it is answered or must not be repeated.
pub(crate) struct Exchange<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) call: &'a Call,
    pub(crate) operation: Operation,
    pub(crate) body: &'a [u8],
}

impl Exchange<'_> {
    pub(crate) fn run(&self, interpret: Interpret<'_>) -> Result<ReceivedHead, Error> {
        let live = self.engine.live();
        let outcome = live
            .in_flight
            .enter()
            .map_err(|error| error.with_correlation_id(&self.call.correlation_id))
            .and_then(|_under_way| self.attempts(interpret));
        let failure = outcome.as_ref().err().map(Error::kind);
        let elapsed = self.call.elapsed();
        live.observations.call(self.operation, elapsed, failure);
        if failure.is_none() {
            live.retry_budget.refund();
        }
        outcome
    }

    fn attempts(&self, mut interpret: Interpret<'_>) -> Result<ReceivedHead, Error> {
        let live = self.engine.live();
        let mut made = Vec::new();
        let mut last = None;
        loop {
            let admission = match live.breaker.admit() {
                Ok(admission) => admission,
                Err(error) => {
                    // Opened between two attempts of this call: what they met is the better answer.
                    return Err(self.final_error(last.unwrap_or(error), made));
                }
            };
            let started = (SystemTime::now(), self.call.elapsed());
            let (outcome, trace) = self.attempt(&mut interpret);
            match &outcome {
                Ok(_) => admission.succeeded(),
                Err(error) if is_failure_of_the_service(error) => admission.failed(),
                Err(error) if error.status().is_some() => admission.succeeded(),
                Err(_) => drop(admission),
            }
            let number = made.len() as u64 + 1;
            let mut attempt = self.record(number, started, &trace, outcome.as_ref());
            let error = match outcome {
                Ok(reply) => {
                    live.observations.attempt(
                        &mut attempt,
                        &self.engine.listeners,
                        self.call.context.as_deref(),
                    );
                    return Ok(reply);
                }
                Err(error) => error,
            };
            let pause = self.pause_after(&error, number);
            attempt.is_retried = pause.is_some();
            live.observations.attempt(
                &mut attempt,
                &self.engine.listeners,
                self.call.context.as_deref(),
            );
            made.push(attempt);
            let Some(pause) = pause else {
                return Err(self.final_error(error, made));
            };
            if let Err(stop) = self.call.pause(pause) {
                return Err(self.final_error(stopped_between(stop, &error), made));
            }
            last = Some(error);
        }
    }

    /// How long to wait before the next attempt, if there is to be one.
    fn pause_after(&self, error: &Error, made: u64) -> Option<Duration> {
        if error.repeat() == Repeat::Never {
            return None;
        }
        let left = self.call.time_left()?;
        let is_close = self.operation == Operation::Close;
        let pause = self
            .engine
            .retry_policy
            .pause_after(error, made, is_close, left, random())?;
        self.engine.live().retry_budget.take().then_some(pause)
    }

    fn attempt(&self, interpret: &mut Interpret<'_>) -> (Result<ReceivedHead, Error>, Trace) {
        let engine = self.engine;
        let credentials = engine.credentials.load_full();
        let verdict = Verdict {
            settings: &engine.settings,
            credentials: &credentials,
            call: self.call,
            body: self.body,
            confidential: OnceCell::new(),
        };
        match self.send(&credentials) {
            Ok(incoming) => {
                let trace = incoming.trace.clone();
                (interpret(&verdict, incoming), trace)
            }
            Err(mut failure) => {
                let trace = std::mem::take(&mut *failure.trace);
                (Err(verdict.on_failure(failure)), trace)
            }
        }
    }

    fn send(&self, credentials: &Credentials) -> Result<Incoming<'_>, Failure> {
        let engine = self.engine;
        let (key_name, token_name) = engine.settings.dialect.credential_headers();
        let outgoing = Outgoing {
            prepared: match self.operation {
                Operation::Create => &engine.create,
                Operation::Respond => &engine.respond,
                Operation::Close => &engine.close,
            },
            headers: &[
                (CORRELATION_HEADER, self.call.correlation_id.as_bytes()),
                (key_name, credentials.api_key.reveal().as_bytes()),
                (token_name, credentials.token.reveal().as_bytes()),
            ],
            added: &self.call.headers,
            body: self.body,
        };
        engine.transport.send(self.call, &outgoing)
    }

    fn record(
        &self,
        number: u64,
        (started_at, before): (SystemTime, Duration),
        trace: &Trace,
        outcome: Result<&ReceivedHead, &Error>,
    ) -> Attempt {
        let error = outcome.err();
        Attempt {
            serial: 0, // known when it is observed
            number,
            operation: self.operation,
            correlation_id: Arc::clone(&self.call.correlation_id),
            started_at,
            elapsed: self.call.elapsed().saturating_sub(before),
            phase: error.map_or(Phase::Reply, Error::phase),
            kind: error.map(Error::kind),
            delivery: error.map(Error::delivery),
            status: outcome.map_or_else(Error::status, |received| Some(received.status)),
            outcome: error.map_or_else(String::new, |error| error.message().to_owned()),
            is_retried: false,
            address: trace.address,
            reused_connection: trace.reused,
            resolve: trace.resolve,
            connect: trace.connect,
            proxy: trace.proxy,
            tls: trace.tls,
            send: trace.send(),
            wait: trace.wait(),
            read: trace.read(),
            bytes_sent: trace.bytes_sent,
            bytes_received: trace.bytes_received,
        }
    }

    fn final_error(&self, error: Error, made: Vec<Attempt>) -> Error {
        error
            .with_correlation_id(&self.call.correlation_id)
            .with_attempts(made)
    }
}

/// What the breaker counts: the service could not be reached, or failed.
fn is_failure_of_the_service(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Connect | ErrorKind::Server => true,
        // A caller that gives the agent little time is no sign of an outage; one that cannot even connect is.
        ErrorKind::Timeout => error.delivery() == Delivery::NotSent,
        _ => false,
    }
}

fn stopped_between(stop: Stop, last: &Error) -> Error {
    let kind = match stop {
        Stop::DeadlinePassed => ErrorKind::Timeout,
        Stop::Cancelled => ErrorKind::Cancelled,
        Stop::Forked => return Error::forked().with_phase(Phase::Pause),
    };
    Error::new(
        kind,
        format!(
            "stopped while waiting before another attempt; the last one failed: {}",
            last.message()
        ),
    )
    .with_phase(Phase::Pause)
    .with_delivery(last.delivery())
}
