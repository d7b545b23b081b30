//! What a row says about the calls that meet its fault.

use crate::observation::Observation;
use crate::row::LATE;
use polyai_chat_core::{Delivery, ErrorKind};
use std::fmt;
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
    /// The least and the most it takes, without what it may be late.
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

    /// Where the call did not go as it should, with all times stretched so much.
    pub(crate) fn deviations_of(&self, seen: &Observation, stretch: u32) -> Vec<Deviation> {
        let mut deviations = Vec::new();
        let mut check = |holds: bool, excuse, words: String| {
            if !holds {
                deviations.push(Deviation { words, excuse });
            }
        };
        let timed_out = seen.kind() == Some(ErrorKind::Timeout);
        let or_disturbed = |could_be| if could_be { Excuse::Slow } else { Excuse::None };
        match (&self.failure, &seen.error) {
            (None, None) => {}
            (None, Some(_)) => check(false, or_disturbed(timed_out), "should succeed".to_owned()),
            (Some(failure), None) => check(
                false,
                Excuse::None,
                format!("should fail as {}", failure.kind),
            ),
            (Some(failure), Some(error)) => {
                check(
                    error.kind() == failure.kind,
                    or_disturbed(timed_out),
                    format!("should be {}, is {}", failure.kind, error.kind()),
                );
                check(
                    failure.deliveries.contains(&error.delivery()),
                    or_disturbed(timed_out && error.delivery() == Delivery::NotSent),
                    format!(
                        "should be {:?}, is {}",
                        failure.deliveries,
                        error.delivery()
                    ),
                );
                if let Some(range) = &self.retry_after {
                    check(
                        error
                            .retry_after()
                            .is_some_and(|wait| range.contains(&wait)),
                        Excuse::None,
                        format!("retry_after is {:?}, not {range:?}", error.retry_after()),
                    );
                }
            }
        }
        check(
            self.requests.contains(&seen.requests()),
            or_disturbed(timed_out),
            format!("{} requests, not {:?}", seen.requests(), self.requests),
        );
        check(
            self.attempts.contains(&seen.attempts),
            or_disturbed(timed_out && seen.attempts < *self.attempts.start()),
            format!("{} attempts, not {:?}", seen.attempts, self.attempts),
        );
        check(
            self.taken == seen.taken(),
            or_disturbed(timed_out),
            format!("taken {} times, not {}", seen.taken(), self.taken),
        );
        let least = *self.takes.start() * stretch;
        check(
            seen.elapsed >= least,
            Excuse::None,
            format!("took {:?}, less than {least:?}", seen.elapsed),
        );
        let most = self.takes.end().saturating_mul(stretch).min(seen.deadline);
        check(
            seen.elapsed < most + LATE,
            Excuse::Late,
            format!("took {:?}, more than {most:?}", seen.elapsed),
        );
        deviations
    }
}

/// One point in which a call did not go as its row says.
#[derive(Debug)]
pub(crate) struct Deviation {
    pub(crate) words: String,
    pub(crate) excuse: Excuse,
}

/// What the machine may have had to do with it, where time is the row's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excuse {
    None,
    /// The call did not come so far in its time.
    Slow,
    /// The call ended late, as everything else did.
    Late,
}

impl fmt::Display for Expectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            None => write!(formatter, "success")?,
            Some(failure) => write!(formatter, "{}, {:?}", failure.kind, failure.deliveries)?,
        }
        write!(
            formatter,
            "; {:?} attempts, {:?} whole requests, acted on {} times",
            self.attempts, self.requests, self.taken
        )
    }
}
