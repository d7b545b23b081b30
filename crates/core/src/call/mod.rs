//! One call and its caller: what was asked for, its deadline, the ways to end it early, its turn and its thread.

pub(crate) mod call;
mod cancel;
mod completions;
pub(crate) mod correlation;
mod extra_headers;
mod fields;
mod request;
mod threads;
mod turn;
mod turn_queue;
mod wait;

pub(crate) use call::{Call, CallOptions, Stop};
#[cfg(all(test, feature = "models"))]
pub(crate) use cancel::CallCancel;
pub use cancel::CancelToken;
pub(crate) use cancel::Interrupt;
pub use completions::Completions;
pub(crate) use fields::{Body, Field, Fields};
pub use fields::{REQUEST_FIELDS, RequestField};
pub use request::{Close, Create, Request, Respond};
pub(crate) use threads::CallThreads;
pub use turn::Turn;
pub(crate) use turn_queue::{Place, TurnQueue};
