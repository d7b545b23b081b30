//! What a client can tell about its calls. This is the only place that puts a call into words for a log.

mod json;
mod observations;

pub(crate) use observations::{Listeners, Observations};
pub use observations::{LogLevel, Metrics};
