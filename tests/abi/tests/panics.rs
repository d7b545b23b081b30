//! A panic in any function stays inside it, and nobody but its caller hears of it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use polyai_chat_abi::{Program, Running, built, cargo, functions_header, scratch, simulator};
use polyai_chat_simulator::Operation;
use std::fs;
use std::path::{Path, PathBuf};

const TRIGGER: &[u8] = b"polyai_test_panics";

/// The directory of a library that panics on demand. It never replaces the real one, so all of it is built anew, and quickly:
/// what it does with a panic does not depend on how much the compiler optimises.
fn library_with_trigger() -> PathBuf {
    let target = scratch("panic-trigger");
    let status = cargo()
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .args(["build", "--quiet", "--locked"])
        .args(["-p", "polyai-chat-ffi", "--features", "panic-trigger"])
        .args(["--target-dir".as_ref(), target.as_os_str()])
        .status()
        .unwrap();
    assert!(status.success(), "the library cannot be built");
    target.join("debug")
}

#[test]
fn every_function_that_panics_says_so_and_prints_nothing() {
    let library = library_with_trigger();
    let flags = [
        format!("-I{}", functions_header().display()),
        format!("-L{}", library.display()),
        format!("-Wl,-rpath,{}", library.display()),
    ];
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let program = Program::build_with("tests/abi/programs/panics.c", &flags);
    let simulator = simulator();
    let mut command = program.command_for(&simulator);
    // What makes the standard library talk about panics.
    command.env("RUST_BACKTRACE", "1");
    let finished = Running::start(&mut command).finish().well();
    assert_eq!(finished.stdout, "");
    // The conversation that was held afterwards.
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn the_library_that_users_get_has_no_such_trigger() {
    assert!(holds(&built().join("libpolyai_chat.so"), b"polyai_version"));
    assert!(!holds(&built().join("libpolyai_chat.so"), TRIGGER));
    assert!(!holds(&built().join("libpolyai_chat.a"), TRIGGER));
    assert!(holds(
        &library_with_trigger().join("libpolyai_chat.so"),
        TRIGGER
    ));
}

fn holds(file: &Path, text: &[u8]) -> bool {
    let content = fs::read(file).unwrap();
    content.windows(text.len()).any(|window| window == text)
}
