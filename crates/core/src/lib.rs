//! A conversation with a PolyAI agent over the Chat API: create, respond, close.
//!
//! Calls block; each ends by its own deadline, whatever the network does. An [`Error`] says whether the service may
//! have heard the turn, so that no customer's sentence is sent twice by mistake.
//!
//! ```no_run
//! # fn main() -> Result<(), polyai_chat_core::Error> {
//! use polyai_chat_core::{Client, Config, Create};
//!
//! let client = Client::new(Config::from_environment()?)?;
//! let conversation = client.create(Create::new().attribute("customer_name", "Sam"))?;
//! println!("agent: {}", conversation.greeting().map_or("", |greeting| greeting.response()));
//! let reply = conversation.respond("Where is my order?")?;
//! println!("agent: {}", reply.response());
//! if let Some(handoff) = reply.handoff() {
//!     println!("goes on with {:?}", handoff.destination());
//! }
//! conversation.close()?;
//! # Ok(())
//! # }
//! ```

mod call;
mod call_threads;
mod cancel;
mod client;
mod config;
mod conversation;
mod correlation;
mod deadline;
mod dialect;
mod endpoint;
mod error;
mod exchange;
mod fork;
#[doc(hidden)]
pub mod fuzzing;
mod headers;
#[doc(hidden)]
pub mod measuring;
#[cfg(all(test, feature = "models"))]
mod models;
mod observe;
mod overload;
mod own_thread;
mod reply;
mod request;
mod retry;
mod secret;
mod sleep;
mod sync;
mod transport;
mod turn;
mod turn_queue;
mod verdict;

pub use cancel::CancelToken;
pub use client::Client;
pub use config::{Config, OPTIONS, OptionKind, OptionSpec, Origin, SettingDescription};
pub use conversation::{Conversation, ConversationState};
pub use dialect::Dialect;
pub use endpoint::{REGIONS, Region};
pub use error::{Attempt, Delivery, Error, ErrorKind, Phase};
pub use exchange::Operation;
pub use observe::{LogLevel, Metrics};
pub use overload::BreakerState;
pub use reply::{Closed, Greeting, Handoff, Reply};
pub use request::{Close, Create, Respond};
pub use secret::Secret;
pub use serde_json::{Map, Value};
pub use transport::{ConnectionReport, ProxyReport, TlsReport};
pub use turn::Turn;

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
