//! Builds C and C++ programs against `libpolyai_chat` as its users do, and runs them against the simulator.
//!
//! `POLYAI_TEST_UNDER=valgrind` runs every program under valgrind, and `POLYAI_TEST_UNDER=address` builds it with
//! AddressSanitizer; any finding then fails the test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::must_use_candidate,
    reason = "what only tests use may panic"
)]

mod compiler;
mod library;
#[path = "../../not_run.rs"]
mod not_run;
mod process;
mod xtask;

pub use compiler::{Language, Program};
pub use library::{built, cargo, manifest, repository, scratch};
pub use not_run::not_run;
pub use process::{Finished, Running, Under, under};
pub use xtask::{functions_header, xtask};

use polyai_chat_simulator::{Script, Simulator, SimulatorBuilder};
use std::time::Duration;

/// Long enough for anything that should happen at all, also under valgrind.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Values that must never appear in what a program prints.
pub const KEY: &str = "canary-key-3f9a";
/// As [`KEY`].
pub const TOKEN: &str = "canary-token-71bc";

/// What the agent says in these tests.
pub const SCRIPT: &str = r#"
greeting = "Hello {attribute.customer_name|there}."
default_reply = "You said: {message}"

[[rules]]
pattern = "^bye$"
reply = "Goodbye."
end = true

[[rules]]
pattern = "^human$"
reply = "One moment."
handoff = { destination = "billing", reason = "asked for a human", queue = 7 }
"#;

/// A simulator whose agent has read [`SCRIPT`].
pub fn builder() -> SimulatorBuilder {
    Simulator::builder()
        .credentials(KEY, TOKEN)
        .account("acme-uk", "acme-team-4")
        .script(Script::parse(SCRIPT, "test.toml").unwrap())
}

/// As [`builder`], started.
pub fn simulator() -> Simulator {
    builder().start().unwrap()
}
