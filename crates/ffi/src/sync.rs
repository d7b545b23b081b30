//! The atomics of the table. The feature `models` puts those of a scheduler in their place that tries out the orders in which
//! threads can run.

#[cfg(feature = "models")]
pub(crate) use shuttle::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};
#[cfg(not(feature = "models"))]
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};
