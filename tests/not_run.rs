//! How a test says that it could not run here. Test programs include this file by its path.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "it is for tests, some of which are crates of their own"
)]

use std::fs::File;
use std::io::Write;

/// Notes what a test needs and this machine lacks, for the table of `tests/run`. In CI it is a failure.
pub fn not_run(reason: &str) {
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "not run: {reason}"
    );
    println!("not run: {reason}");
    if let Some(notes) = std::env::var_os("POLYAI_NOT_RUN") {
        let mut notes = File::options().append(true).open(notes).unwrap();
        // In one write, for tests run beside each other.
        notes.write_all(format!("{reason}\n").as_bytes()).unwrap();
    }
}
