//! The façade: a client and its conversations.

mod client;
mod conversation;
mod shared;

pub use client::Client;
pub use conversation::{Conversation, ConversationState};
