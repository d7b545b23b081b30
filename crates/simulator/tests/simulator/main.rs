//! The simulator through real sockets, by a client that knows nothing but bytes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "the exemption for tests does not reach what they share"
)]

mod bench;
mod client;
mod connections;
mod control;
mod conversations;
mod crowd;
mod fault_selection;
mod fault_timing;
mod faults;
mod recording;
mod service;
mod tls;
