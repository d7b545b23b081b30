//! What cargo builds, the library that the programs are linked with above all.

use serde_json::Value;
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

/// The directory that the library and the chores were built into: by `tests/rust`, which says so in `POLYAI_BUILT`, or now.
pub fn built() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        if let Some(built) = env::var_os("POLYAI_BUILT") {
            return built.into();
        }
        // With all the others, so that cargo builds what they have in common as this program's build did.
        let status = cargo()
            .args([
                "build",
                "--quiet",
                "--locked",
                "--workspace",
                "--lib",
                "--bin",
                "xtask",
            ])
            .args(["--target-dir".as_ref(), target().as_os_str()])
            .status()
            .unwrap();
        assert!(status.success(), "the library cannot be built");
        target().join("debug")
    })
}

/// Cargo, as from a shell in the repository. Of what it told this program about its package nothing is passed on: build
/// scripts that look at it, as ring's does, would run again, and with them everything above.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(repository());
    for (name, _) in env::vars_os() {
        let of_this_package = |prefix: &str| name.as_encoded_bytes().starts_with(prefix.as_bytes());
        if of_this_package("CARGO_PKG_") || of_this_package("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// A directory for what tests of this name make.
pub fn scratch(name: &str) -> PathBuf {
    let directory = target().join("abi").join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// What `include/polyai_chat.json` says.
pub fn manifest() -> Value {
    let path = repository().join("include/polyai_chat.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The directory that cargo builds into, in which this very program lies (`TARGET/debug/deps`).
fn target() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}
