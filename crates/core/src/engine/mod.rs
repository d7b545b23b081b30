//! Attempts, and what a failure means: an operation is carried out until it is answered, or must not be sent again.

mod breaker;
mod calls_in_flight;
mod classification;
mod engine;
mod exchange;
mod operations;
mod request_head;
mod retry;
mod verdict;
mod whole_answer;

pub(crate) use classification::{parse_retry_after, says_that_it_is_over};
pub(crate) use engine::Engine;
pub(crate) use operations::check_conversation_id;
pub(crate) use request_head::{operation_uri, user_agent};
pub(crate) use whole_answer::{AnswerOutcome, outcome_of_answer};
