//! The façade: a client and its conversations.

mod client;
mod conversation;
mod shared;
mod started_call;

pub use client::Client;
pub use conversation::{Conversation, ConversationState};
pub use started_call::StartedCall;
