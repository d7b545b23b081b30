//! The library that the programs are linked with, built once for each test process.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The directory that `libpolyai_chat.so` was built into.
pub fn library() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "-p", "polyai-chat-ffi"])
            .args(["--target-dir".as_ref(), target().as_os_str()])
            .current_dir(repository())
            .status()
            .unwrap();
        assert!(status.success(), "the library cannot be built");
        target().join("debug")
    })
}

/// A directory for what tests of this name make.
pub fn scratch(name: &str) -> PathBuf {
    let directory = target().join("abi").join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// The directory that cargo builds into, in which this very program lies (`TARGET/debug/deps`).
fn target() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}
