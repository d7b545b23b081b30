//! The simulator through real sockets, by a client that knows nothing but bytes.
#![cfg(test)]

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
