//! What this library calls itself.

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How its requests begin their `User-Agent`.
pub(crate) const USER_AGENT: &str = concat!("polyai-chat/", env!("CARGO_PKG_VERSION"));
