//! Misbehaviour on purpose: what happens ([`Action`]), and when ([`Selector`]).

mod action;
mod answer;
mod armed;

pub(crate) use action::Stage;
pub use action::{Action, Direction, Moment, Pause};
pub use answer::{Answer, AnswerBody, RetryAfter};
pub use armed::{ActiveFault, FaultId};
pub(crate) use armed::{ArmedFaults, Occasion};

use crate::operation::Operation;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One misbehaviour and when it happens. The same struct serves scripts, the library and the HTTP endpoint.
///
/// ```
/// use polyai_chat_simulator::{Action, Answer, Fault, Moment, Operation};
///
/// let busy = Fault::new(Answer::status(503)).on(Operation::Respond).once();
/// let lost = Fault::new(Action::Reset { at: Moment::AfterTurn }).nth(3);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// On which occasions it happens; on every one by default.
    #[serde(default, skip_serializing_if = "Selector::is_empty")]
    pub when: Selector,
    /// What happens.
    pub action: Action,
}

/// Narrows a fault down. Everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selector {
    /// Only requests of this operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Only this connection, counted from 1 since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<u64>,
    /// Only this request, counted from 1 since the start over all connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// Only the request with this number on its connection, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_on_connection: Option<u64>,
    /// Starts with the nth occasion that matches everything above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How often it happens at most: 1 by default where `nth` is set, else without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Happens by chance, from 0 to 1, on an occasion that would otherwise count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Where the chances start: the same seed makes the same choices. 0 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Selector {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a fault can never happen as it is described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this fault cannot be used: {reason}")]
pub struct FaultError {
    pub(crate) reason: String,
}

impl Fault {
    /// A fault that happens on every occasion until it is narrowed down.
    #[must_use]
    pub fn new(action: impl Into<Action>) -> Self {
        Self {
            when: Selector::default(),
            action: action.into(),
        }
    }

    /// Only for requests of this operation.
    #[must_use]
    pub fn on(mut self, operation: Operation) -> Self {
        self.when.operation = Some(operation);
        self
    }

    /// Only on the connection with this number, counted from 1 since the start.
    #[must_use]
    pub fn connection(mut self, number: u64) -> Self {
        self.when.connection = Some(number);
        self
    }

    /// Only for the request with this number, counted from 1 since the start.
    #[must_use]
    pub fn request(mut self, number: u64) -> Self {
        self.when.request = Some(number);
        self
    }

    /// Only for the request with this number on its connection, counted from 1.
    #[must_use]
    pub fn request_on_connection(mut self, number: u64) -> Self {
        self.when.request_on_connection = Some(number);
        self
    }

    /// Starts with the nth matching occasion, and happens once unless `times` says more.
    #[must_use]
    pub fn nth(mut self, occasion: u64) -> Self {
        self.when.nth = Some(occasion);
        self
    }

    /// Happens at most so often.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.when.times = Some(count);
        self
    }

    /// Happens once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Happens by chance, from 0 to 1; the same seed makes the same choices.
    #[must_use]
    pub fn probability(mut self, probability: f64, seed: u64) -> Self {
        self.when.probability = Some(probability);
        self.when.seed = Some(seed);
        self
    }

    /// Says whether the fault can happen at all.
    ///
    /// # Errors
    ///
    /// When a selector asks for what is not yet known when the action happens, or a number is out of range.
    pub fn check(&self) -> Result<(), FaultError> {
        let refuse = |reason: String| Err(FaultError { reason });
        let when = &self.when;
        let stage = self.action.stage();
        if stage != Stage::Request {
            for (set, name) in [
                (when.operation.is_some(), "operation"),
                (when.request.is_some(), "request"),
            ] {
                if set {
                    return refuse(format!(
                        "it happens before the request is read, so `{name}` cannot select it"
                    ));
                }
            }
        }
        if stage == Stage::Connection && when.request_on_connection.is_some() {
            return refuse(
                "it happens once for a connection, so `request_on_connection` cannot select it"
                    .to_owned(),
            );
        }
        if let Some(probability) = when.probability
            && !(0.0..=1.0).contains(&probability)
        {
            return refuse(format!("`probability` is {probability}, not from 0 to 1"));
        }
        for (number, name) in [
            (when.connection, "connection"),
            (when.request, "request"),
            (when.request_on_connection, "request_on_connection"),
            (when.nth, "nth"),
        ] {
            if number == Some(0) {
                return refuse(format!("`{name}` counts from 1"));
            }
        }
        self.action.check().or_else(refuse)
    }
}
