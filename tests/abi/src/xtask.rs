//! The program that writes the header, and what is made from it.

use crate::library::{built, scratch};
use std::path::PathBuf;
use std::process::Command;

/// Runs it with these arguments, and gives what it printed.
///
/// # Errors
/// What it complained about.
pub fn xtask(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(built().join("xtask"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

/// Writes `functions.h`, which `call_any.h` includes, and gives the directory that it is in.
pub fn functions_header() -> PathBuf {
    let directory = scratch("functions");
    let text = xtask(&["declarations", "c-table"]).unwrap();
    // Several tests at a time write the same: each reads a whole file.
    let own = tempfile::NamedTempFile::new_in(&directory).unwrap();
    std::fs::write(own.path(), text).unwrap();
    own.persist(directory.join("functions.h")).unwrap();
    directory
}
