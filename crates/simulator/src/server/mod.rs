//! From accepted connections to replies on the wire.

mod connection;
mod delivery;
mod exchange;
pub(crate) mod listener;
mod plan;
