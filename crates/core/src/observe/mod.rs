//! Attempts, counters and log lines of a client. This is the only place that puts a call into words for a log.

mod json;
mod json_of_outcomes;
mod listeners;
mod log_line;
mod metrics;
mod observations;

pub use listeners::LogLevel;
pub(crate) use listeners::{Listeners, OfCall};
pub use log_line::LogLine;
pub use metrics::{Metrics, OperationMetrics};
pub(crate) use observations::Observations;
