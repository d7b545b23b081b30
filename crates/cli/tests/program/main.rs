//! Drives the real program against the simulator, as a user has them.
#![cfg(test)]

mod arguments;
mod doctor;
#[cfg(unix)]
mod interactive;
mod recording;
mod scripted;
mod secrets;
#[path = "../../../core/tests/servers/mod.rs"]
mod servers;
#[cfg(unix)]
mod signals;
mod simulator;
mod support;
