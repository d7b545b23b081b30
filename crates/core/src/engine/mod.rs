//! Attempts, and what a failure means: an operation is carried out until it is answered, or must not be sent again.

mod exchange;
mod overload;
mod retry;
mod verdict;

pub(crate) use exchange::{Exchange, Understand};
pub use overload::BreakerState;
pub(crate) use overload::{Breaker, CallsInFlight};
pub(crate) use retry::{RetryBudget, RetryPolicy};
pub(crate) use verdict::{Verdict, parse_retry_after, says_that_it_is_over};
