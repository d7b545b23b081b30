//! One suite of behaviour for every language.
//!
//! A [`case`] says in data what the service does, what a caller does, what must come back and what the service must have
//! received. A runner is a small program in one language that does the caller's part: it reads steps from its standard input
//! and writes their outcomes. [`run_case`] plays a case against the simulator through a runner, and says what was wrong.

#![allow(
    clippy::indexing_slicing,
    reason = "a JSON value answers null for what it lacks"
)]
#![allow(
    clippy::missing_errors_doc,
    reason = "every error here is a sentence about what is wrong"
)]

mod canary;
pub mod case;
mod expectation;
mod invariants;
mod play;
mod report;
mod runner;
mod seen;
mod showing;

pub use case::{Case, Family, families};
pub use play::{Outcome, Played, run_case};
pub use report::Report;
pub use runner::Runner;
