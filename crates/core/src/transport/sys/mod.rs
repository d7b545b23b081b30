//! What differs between systems in transport: one subject a file, each with the same functions for every system.

pub(super) mod poll;
pub(super) mod sockets;
