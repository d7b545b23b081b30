//! A conversation with a PolyAI agent over the Chat API: create, respond, close.
//!
//! Calls block; each ends by its own deadline, whatever the network does. An [`Error`] says whether the service may
//! have heard the turn, so that you never send a customer's message twice by accident.
//!
//! ```no_run
//! # fn main() -> Result<(), polyai_chat_core::Error> {
//! use polyai_chat_core::{Client, Config, Create};
//!
//! let client = Client::new(Config::from_environment()?)?;
//! let conversation = client.create(Create::new().attribute("customer_name", "Sam"))?;
//! println!("agent: {}", conversation.greeting().response());
//! let reply = conversation.respond("Where is my order?")?;
//! println!("agent: {}", reply.response());
//! if let Some(handoff) = reply.handoff() {
//!     println!("goes on with {:?}", handoff.destination());
//! }
//! conversation.close()?;
//! # Ok(())
//! # }
//! ```

#[doc(hidden)]
pub mod benchmarks;
mod call;
mod client;
mod config;
mod dialect;
mod engine;
mod foundation;
#[doc(hidden)]
pub mod fuzzing;
mod model;
#[cfg(all(test, feature = "models"))]
mod models;
mod observe;
#[doc(hidden)]
pub mod second_opinion;
mod transport;

pub use call::{
    CancelToken, Close, Completions, Create, REQUEST_FIELDS, Request, RequestField, Respond, Turn,
};
#[doc(hidden)]
pub use client::StartedCall;
pub use client::{Client, Conversation, ConversationState};
pub use config::{Config, OPTIONS, OptionKind, OptionSpec, Origin, SettingDescription};
#[doc(hidden)]
pub use foundation::clock::Clock;
pub use foundation::secret::Secret;
pub use foundation::sys::pair::Descriptor;
#[doc(hidden)]
pub use foundation::sys::pair::descriptor_number;
pub use foundation::version::VERSION;
#[doc(hidden)]
pub use model::json_fields;
pub use model::{
    Attempt, BreakerState, Closed, Delivery, Dialect, Error, ErrorKind, Greeting, Handoff,
    Operation, Phase, REGIONS, Region, Reply, plain_text,
};
pub use observe::{LogLevel, LogLine, Metrics, OperationMetrics};
pub use serde_json::{Map, Value};
pub use transport::{ConnectionReport, ProxyReport, TlsReport};

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
