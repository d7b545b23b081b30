//! What knows nothing of a chat.

pub(crate) mod clock;
pub(crate) mod deadline;
pub(crate) mod foreign_words;
pub(crate) mod fork;
pub(crate) mod monitor;
pub(crate) mod named;
pub(crate) mod own_thread;
mod readings;
pub(crate) mod secret;
pub(crate) mod sync;
pub(crate) mod sys;
pub(crate) mod version;
