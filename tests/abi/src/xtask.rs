//! The program that writes the header, and what is made from it.

use crate::library::{cargo, repository, scratch};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Runs it with these arguments, and gives what it printed.
///
/// # Errors
/// What it complained about.
pub fn xtask(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program()).args(arguments).output().unwrap();
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

/// Built once for each test process.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let target = scratch("xtask").ancestors().nth(2).unwrap().to_owned();
        let status = cargo()
            .args(["build", "--quiet", "--locked", "--workspace"])
            .args(["--bin", "xtask"])
            .current_dir(repository())
            .status()
            .unwrap();
        assert!(status.success(), "the chores cannot be built");
        target.join("debug/xtask")
    })
}
