//! A program that was built with the first header runs with the library of today, and says so where it cannot.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test may panic"
)]

mod xtask;

use polyai_chat_abi::{Finished, Running, library, repository, simulator};
use polyai_chat_simulator::{Operation, Simulator};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::xtask;

const HEADER: &str = "polyai_chat.h";

/// The program, as it was built at the time of the first header: nothing of today was there.
struct FirstProgram {
    folder: tempfile::TempDir,
    soname: String,
}

impl FirstProgram {
    fn build() -> Self {
        let first = Self {
            folder: tempfile::tempdir().unwrap(),
            soname: soname(),
        };
        let header = first_header();
        let program = repository().join("tests/abi/programs/first_program.c");
        let stubs = first.library("of_then", &header, |stubs| stubs);
        cc(Command::new("cc")
            .args(["-std=c99", "-g", "-Wall", "-Wextra", "-Wpedantic"])
            .args(["-Werror", "-I"])
            .arg(header.parent().unwrap())
            .arg(program)
            .arg(stubs.join(&first.soname))
            .args(["-Wl,-z,now", "-o"])
            .arg(first.path()));
        first
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("first_program")
    }

    /// A folder with a library that does nothing, made from this header and changed so.
    fn library(&self, name: &str, header: &Path, change: impl Fn(String) -> String) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        let stubs = xtask(&["stubs", header.to_str().unwrap()]).unwrap();
        fs::write(folder.join("stubs.c"), change(stubs)).unwrap();
        cc(Command::new("cc")
            .args(["-fPIC", "-shared", "-I"])
            .arg(header.parent().unwrap())
            .arg(format!("-Wl,-soname,{}", self.soname))
            .arg(folder.join("stubs.c"))
            .arg("-o")
            .arg(folder.join(&self.soname)));
        folder
    }

    /// A folder with the library of today, under the name that programs look for.
    fn library_of_today(&self) -> PathBuf {
        let folder = self.folder.path().join("of_today");
        fs::create_dir(&folder).unwrap();
        symlink(
            library().join("libpolyai_chat.so"),
            folder.join(&self.soname),
        )
        .unwrap();
        folder
    }

    fn run_with(&self, library: &Path, simulator: &Simulator) -> Finished {
        Running::start(
            Command::new(self.path())
                .env_clear()
                .env("LD_LIBRARY_PATH", library)
                .env("POLYAI_BASE_URL", simulator.url())
                .env("POLYAI_ACCOUNT_ID", simulator.account_id())
                .env("POLYAI_PROJECT_ID", simulator.project_id())
                .env("POLYAI_API_KEY", simulator.api_key())
                .env("POLYAI_TOKEN", simulator.token()),
        )
        .finish()
    }

    /// The functions that it cannot start without.
    fn needs(&self) -> BTreeSet<String> {
        let output = Command::new("nm")
            .args(["-D", "--undefined-only", "--format=posix"])
            .arg(self.path())
            .output()
            .unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let name = |line: &str| line.split(' ').next().unwrap().to_owned();
        let names = lines.lines().map(name);
        names.filter(|name| name.starts_with("polyai_")).collect()
    }
}

fn first_header() -> PathBuf {
    repository().join("tests/abi/baseline/first").join(HEADER)
}

/// Programs know the library by this name, from the first on.
fn soname() -> String {
    let path = repository().join("tests/abi/baseline/polyai_chat.json");
    let manifest: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    manifest["abi"]["soname"].as_str().unwrap().to_owned()
}

fn cc(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}");
}

/// What it says where it cannot run, before it has done anything.
fn refusal(finished: Finished) -> String {
    assert!(!finished.status.success() && finished.stdout.is_empty());
    finished.stderr
}

#[test]
fn it_holds_a_whole_conversation_with_the_library_of_today() {
    let first = FirstProgram::build();
    let simulator = simulator();
    let finished = first.run_with(&first.library_of_today(), &simulator);
    assert_eq!(finished.well().stdout, "a whole conversation\n");
    assert_eq!(simulator.requests_to(Operation::Create), 4);
    assert_eq!(simulator.requests_to(Operation::Respond), 5);
    assert_eq!(simulator.requests_to(Operation::Close), 3);
}

#[test]
fn it_uses_what_the_first_header_has() {
    let needs = FirstProgram::build().needs();
    let stubs = xtask(&["stubs", first_header().to_str().unwrap()]).unwrap();
    let declared: BTreeSet<String> = stubs
        .lines()
        .skip(1)
        .map(|line| line.split_once('(').unwrap().0)
        .map(|before| before.rsplit([' ', '*']).next().unwrap().to_owned())
        .collect();
    assert!(needs.is_subset(&declared), "{:?}", &needs - &declared);
    assert_eq!(&declared - &needs, BTreeSet::new(), "not used");
}

#[test]
fn it_says_which_function_is_missing() {
    let first = FirstProgram::build();
    // Only its second last chapter needs it.
    let missing = "polyai_client_recent_attempts_json";
    let library = first.library("of_tomorrow", &first_header(), |stubs| {
        assert!(stubs.contains(missing));
        let kept = stubs.lines().filter(|line| !line.contains(missing));
        kept.map(|line| format!("{line}\n")).collect()
    });
    let said = refusal(first.run_with(&library, &simulator()));
    assert!(
        said.contains(&format!("undefined symbol: {missing}")),
        "{said}"
    );
}

#[test]
fn it_says_when_the_library_has_another_abi() {
    let first = FirstProgram::build();
    let numbers = |oldest: u32, newest: u32| {
        move |stubs: String| {
            let number = |name: &str, number| {
                let with = |body| format!("uint32_t {name}(void) {{ return {body}; }}");
                assert!(stubs.contains(&with(0)), "{name}");
                (with(0), with(number))
            };
            let (oldest, newest) = (
                number("polyai_abi_oldest", oldest),
                number("polyai_abi_newest", newest),
            );
            stubs
                .replace(&oldest.0, &oldest.1)
                .replace(&newest.0, &newest.1)
        }
    };
    for (name, oldest, newest) in [("older", 0, 0), ("newer", 70, 80)] {
        let library = first.library(name, &first_header(), numbers(oldest, newest));
        let said = refusal(first.run_with(&library, &simulator()));
        assert!(
            said.contains(&format!("and the library has {oldest} to {newest}")),
            "{said}"
        );
    }
}

#[test]
fn it_says_when_there_is_no_library_of_its_name() {
    let first = FirstProgram::build();
    let empty = tempfile::tempdir().unwrap();
    let said = refusal(first.run_with(empty.path(), &simulator()));
    let expected = format!("{}: cannot open shared object file", soname());
    assert!(said.contains(&expected), "{said}");
}
