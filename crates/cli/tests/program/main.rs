//! Drives the real program against the simulator, as a user has them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for; helpers are not exempted by themselves"
)]

mod arguments;
mod doctor;
mod interactive;
mod recording;
mod scripted;
mod secrets;
#[path = "../../../core/tests/servers/mod.rs"]
mod servers;
mod signals;
mod simulator;
mod support;
