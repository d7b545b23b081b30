//! What a row says about the calls that meet its fault.

use crate::observation::Observation;
use crate::row::LATE;
use polyai_chat_core::{Delivery, ErrorKind};
use std::ops::RangeInclusive;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    /// The error, or `None` for success.
    pub(crate) failure: Option<Failure>,
    /// Requests that the server receives in full.
    pub(crate) requests: RangeInclusive<u64>,
    /// Attempts that the client makes.
    pub(crate) attempts: RangeInclusive<u64>,
    /// How often the server acts on them.
    pub(crate) taken: u64,
    /// The least and the most it takes.
    takes: RangeInclusive<Duration>,
    /// The wait that the error must pass on.
    retry_after: Option<RangeInclusive<Duration>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    /// More than one where it is a race which of them holds.
    pub(crate) deliveries: Vec<Delivery>,
}

/// A success: one request, one attempt, acted on once.
pub(crate) fn succeeds() -> Expectation {
    Expectation {
        failure: None,
        requests: 1..=1,
        attempts: 1..=1,
        taken: 1,
        takes: Duration::ZERO..=Duration::MAX,
        retry_after: None,
    }
}

/// A failure: one request, one attempt, not acted on.
pub(crate) fn fails(kind: ErrorKind, delivery: Delivery) -> Expectation {
    Expectation {
        failure: Some(Failure {
            kind,
            deliveries: vec![delivery],
        }),
        taken: 0,
        ..succeeds()
    }
}

impl Expectation {
    /// So many requests, each an attempt of its own.
    pub(crate) fn requests(self, count: u64) -> Self {
        Self {
            requests: count..=count,
            attempts: count..=count,
            ..self
        }
    }

    /// So many attempts; none of them reaches the server as a whole request, unless `requests` says so.
    pub(crate) fn attempts(self, count: u64) -> Self {
        Self {
            attempts: count..=count,
            ..self
        }
    }

    /// No request arrives as a whole.
    pub(crate) fn nothing_arrives(self) -> Self {
        Self {
            requests: 0..=0,
            ..self
        }
    }

    /// The server acts on it.
    pub(crate) fn taken(self) -> Self {
        Self { taken: 1, ..self }
    }

    /// The server does not act on it, although the caller succeeds.
    pub(crate) fn not_taken(self) -> Self {
        Self { taken: 0, ..self }
    }

    /// It is a race whether a byte has left when the connection breaks, and so whether another attempt is made.
    pub(crate) fn or_not_sent(mut self) -> Self {
        if let Some(failure) = &mut self.failure {
            failure.deliveries.push(Delivery::NotSent);
        }
        Self {
            attempts: 1..=3,
            ..self
        }
    }

    pub(crate) fn takes(self, range: RangeInclusive<Duration>) -> Self {
        Self {
            takes: range,
            ..self
        }
    }

    pub(crate) fn retry_after(self, range: RangeInclusive<Duration>) -> Self {
        Self {
            retry_after: Some(range),
            ..self
        }
    }

    /// Where the call did not go as it should.
    pub(crate) fn problems_of(&self, seen: &Observation) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |holds: bool, words: String| {
            if !holds {
                problems.push(words);
            }
        };
        match (&self.failure, &seen.error) {
            (None, None) => {}
            (None, Some(error)) => check(false, format!("should succeed: {error}")),
            (Some(failure), None) => check(false, format!("should fail as {}", failure.kind)),
            (Some(failure), Some(error)) => {
                check(
                    error.kind() == failure.kind,
                    format!("should be {}: {error}", failure.kind),
                );
                check(
                    failure.deliveries.contains(&error.delivery()),
                    format!("should be {:?}: {error}", failure.deliveries),
                );
                if let Some(range) = &self.retry_after {
                    check(
                        error
                            .retry_after()
                            .is_some_and(|wait| range.contains(&wait)),
                        format!("retry_after is {:?}", error.retry_after()),
                    );
                }
            }
        }
        check(
            self.requests.contains(&seen.requests()),
            format!("{} requests, not {:?}", seen.requests(), self.requests),
        );
        check(
            self.attempts.contains(&seen.attempts),
            format!("{} attempts, not {:?}", seen.attempts, self.attempts),
        );
        check(
            self.taken == seen.taken(),
            format!("taken {} times, not {}", seen.taken(), self.taken),
        );
        check(
            self.takes.contains(&seen.elapsed),
            format!("took {:?}, not {:?}", seen.elapsed, self.takes),
        );
        check(
            seen.elapsed < seen.deadline + LATE,
            format!("{:?} for a deadline of {:?}", seen.elapsed, seen.deadline),
        );
        problems
    }
}
