//! The program that writes and compares header, manifest and baseline.

use polyai_chat_abi::{repository, scratch};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Runs it with these arguments: what it printed, or what it complained about.
pub fn xtask(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program()).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

/// Built once for each test process.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let target = scratch("xtask").ancestors().nth(2).unwrap().to_owned();
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--locked",
                "--workspace",
                "--bin",
                "xtask",
            ])
            .args(["--target-dir".as_ref(), target.as_os_str()])
            .current_dir(repository())
            .status()
            .unwrap();
        assert!(status.success(), "the chores cannot be built");
        target.join("debug/xtask")
    })
}
