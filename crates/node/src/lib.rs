//! The module behind the npm package `@polyai/chat`: the core's objects, with JSON texts as arguments and results. The package itself,
//! in `bindings/node`, gives them the shape that JavaScript is used to. Nothing here waits: each call is started, and `events` notifies
//! JavaScript's thread when it is done.

mod client;
mod conversation;
mod events;
pub mod failure;
mod request;
mod turn;

/// Markdown as plain text.
#[napi_derive::napi]
#[must_use]
pub fn plain_text(markdown: String) -> String {
    polyai_chat_core::plain_text(&markdown)
}

/// The version of this module, which the package compares with its own.
#[napi_derive::napi]
pub const VERSION: &str = polyai_chat_core::VERSION;
