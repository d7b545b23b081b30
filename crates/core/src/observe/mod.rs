//! What a client can tell about its calls. This is the only place that puts a call into words for a log.

mod json;
mod listeners;
mod metrics;
mod observations;

pub(crate) use listeners::Listeners;
pub use listeners::LogLevel;
pub use metrics::{Metrics, OperationMetrics};
pub(crate) use observations::Observations;
