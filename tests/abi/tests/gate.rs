//! The gate of the ABI closes where a program would break, and says what broke: changes are made to a copy of the sources, and
//! have to be found.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use polyai_chat_abi::{not_run, repository, xtask};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A copy of all that the header is made from, with what was recorded of it.
struct Sources {
    folder: tempfile::TempDir,
}

impl Sources {
    /// Nothing without abidiff, which must be there in CI.
    fn copy() -> Option<Self> {
        if Command::new("abidiff").arg("--version").output().is_err() {
            not_run("without abidiff: INSTALL=1 tests/require c-tools");
            return None;
        }
        let sources = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for from in [
            "crates/ffi",
            "crates/ffi/src",
            "include",
            "bindings/cpp/polyai_chat",
            "bindings/python/chat/polyai_chat",
            "tests/abi/baseline",
        ] {
            let to = sources.path(from);
            fs::create_dir_all(&to).unwrap();
            for file in fs::read_dir(repository().join(from)).unwrap() {
                let file = file.unwrap();
                if file.path().is_file() {
                    fs::copy(file.path(), to.join(file.file_name())).unwrap();
                }
            }
        }
        Some(sources)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the header anew and compares it.
    fn compare(&self, arguments: &[&str]) -> Result<(), String> {
        let root = ["--root", self.folder.path().to_str().unwrap()];
        xtask(&[root.as_slice(), &["header"]].concat())?;
        let output = Command::new(repository().join("tests/abi/compare"))
            .args(root)
            .args(arguments)
            .output()
            .unwrap();
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8([output.stdout, output.stderr].concat()).unwrap()),
        }
    }

    /// Puts one text in the place of another, which must be there, in a file of `crates/ffi/src`.
    fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.path("crates/ffi/src").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} is not in {file}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn is_refused(&self, said: &[&str]) {
        let report = self.compare(&[]).unwrap_err();
        for said in [&["This breaks programs:"], said].concat() {
            assert!(report.contains(said), "{said:?} is not in\n{report}");
        }
    }

    fn add_function(&self) {
        let doc = "/// Does it.\n///\n/// Blocks: never. Threads: any. Since: 0.2.0.\n#[unsafe(no_mangle)]";
        let added = format!(
            "{doc}\npub extern \"C\" fn polyai_tidy() {{\n    plain(|| Ok(()));\n}}\n\n/// Makes a token"
        );
        self.replace("cancel.rs", "/// Makes a token", &added);
    }
}

#[test]
fn the_committed_abi_is_accepted_and_prose_is_free() {
    let Some(sources) = Sources::copy() else {
        return;
    };
    sources.compare(&[]).unwrap();
    sources.replace(
        "client.rs",
        "/// Starts a conversation;",
        "/// Begins a conversation;",
    );
    sources.replace("client.rs", "Since: 0.1.0", "Since: 0.1.1");
    sources.compare(&[]).unwrap();
}

#[test]
fn a_change_that_would_break_a_program_is_named() {
    for (file, from, to, said) in [
        // A function that is gone.
        (
            "client.rs",
            "#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn polyai_client_proxy",
            "unsafe extern \"C\" fn polyai_client_proxy",
            "[D] 'function const char* polyai_client_proxy(",
        ),
        // Other parameters.
        (
            "client.rs",
            "    timeout_ms: u64,",
            "    timeout_ms: u32,",
            "polyai_client_warm_up",
        ),
        (
            "cancel.rs",
            "polyai_cancel_trigger(cancel: *mut polyai_cancel)",
            "polyai_cancel_trigger(cancel: *mut polyai_cancel, hard: bool)",
            "polyai_cancel_trigger",
        ),
        (
            "client.rs",
            "polyai_client_proxy(\n    client: *const",
            "polyai_client_proxy(\n    client: *mut",
            "polyai_client_proxy",
        ),
        // Another result.
        (
            "library.rs",
            "polyai_live_handles() -> usize",
            "polyai_live_handles() -> u32",
            "polyai_live_handles",
        ),
        // Other types.
        (
            "constants.rs",
            "pub type polyai_state = u32",
            "pub type polyai_state = u64",
            "polyai_conversation_state",
        ),
        (
            "constants.rs",
            "        level: polyai_log_level,\n",
            "        level: u64,\n",
            "polyai_config_set_log_callback",
        ),
        // Constants with other numbers, and one that takes another's.
        (
            "constants.rs",
            "POLYAI_STATUS_OK: polyai_status = 0",
            "POLYAI_STATUS_OK: polyai_status = 99",
            "POLYAI_STATUS_OK was 0 (polyai_status), and is 99 (polyai_status)",
        ),
        (
            "constants.rs",
            "POLYAI_STATUS_OK: polyai_status",
            "POLYAI_STATUS_FINE: polyai_status",
            "POLYAI_STATUS_FINE takes 0, which POLYAI_STATUS_OK had",
        ),
        // Another SONAME.
        (
            "constants.rs",
            "POLYAI_ABI_OLDEST: u32 = 1",
            "POLYAI_ABI_OLDEST: u32 = 2",
            "SONAME changed",
        ),
    ] {
        let Some(sources) = Sources::copy() else {
            return;
        };
        sources.replace(file, from, to);
        sources.is_refused(&[said]);
    }
}

#[test]
fn an_addition_is_reported_and_recorded() {
    let Some(sources) = Sources::copy() else {
        return;
    };
    sources.add_function();
    let number = "pub const POLYAI_NUL_TERMINATED";
    sources.replace(
        "constants.rs",
        number,
        &format!(
            "pub const POLYAI_STATE_LOST: polyai_state = 5;\n/// Stands for a length.\n{number}"
        ),
    );
    let report = sources.compare(&[]).unwrap_err();
    assert!(!report.contains("breaks programs"), "{report}");
    assert!(
        report.contains("polyai_tidy()") && report.contains("POLYAI_STATE_LOST 5"),
        "{report}"
    );
    sources.compare(&["--add"]).unwrap();
    sources.compare(&[]).unwrap();
}

#[test]
fn a_break_is_accepted_by_its_name_until_it_is_released() {
    let Some(sources) = Sources::copy() else {
        return;
    };
    sources.replace(
        "constants.rs",
        "POLYAI_STATUS_OK: polyai_status = 0",
        "POLYAI_STATUS_OK: polyai_status = 99",
    );
    sources.replace(
        "library.rs",
        "polyai_live_handles() -> usize",
        "polyai_live_handles() -> u32",
    );
    for too_few in [&["--add"][..], &["--accept", "polyai_live_handles"]] {
        let report = sources.compare(too_few).unwrap_err();
        assert!(report.contains("POLYAI_STATUS_OK was 0"), "{report}");
    }
    let report = sources
        .compare(&["--accept", "polyai_client_new"])
        .unwrap_err();
    assert!(report.contains("polyai_client_new: in nothing"), "{report}");
    sources
        .compare(&["--accept", "polyai_live_handles", "POLYAI_STATUS_OK"])
        .unwrap();
    sources.compare(&[]).unwrap();
    // Its old number is not given to another.
    let number = "pub const POLYAI_NUL_TERMINATED";
    sources.replace(
        "constants.rs",
        number,
        &format!(
            "pub const POLYAI_STATUS_LOST: polyai_status = 0;\n/// Stands for a length.\n{number}"
        ),
    );
    sources.is_refused(&["POLYAI_STATUS_LOST takes 0, which POLYAI_STATUS_OK had"]);
    sources.replace(
        "constants.rs",
        "POLYAI_STATUS_LOST: polyai_status = 0",
        "POLYAI_STATUS_LOST: polyai_status = 98",
    );
    sources.compare(&["--add"]).unwrap();

    sources.compare(&["--release"]).unwrap();
    sources.replace(
        "library.rs",
        "polyai_live_handles() -> u32",
        "polyai_live_handles() -> u64",
    );
    let report = sources
        .compare(&["--accept", "polyai_live_handles"])
        .unwrap_err();
    assert!(report.contains("it was released"), "{report}");
    sources.replace(
        "library.rs",
        "polyai_live_handles() -> u64",
        "polyai_live_handles() -> u32",
    );
    sources.add_function();
    let report = sources.compare(&["--add"]).unwrap_err();
    assert!(
        report.contains("POLYAI_ABI_VERSION is 1, as in the last release"),
        "{report}"
    );
    sources.replace(
        "constants.rs",
        "POLYAI_ABI_VERSION: u32 = 1",
        "POLYAI_ABI_VERSION: u32 = 2",
    );
    sources.compare(&["--add"]).unwrap();
}

#[test]
fn a_function_that_does_not_keep_the_rules_is_refused() {
    for (from, to, said) in [
        (
            "plain(|| cancel.free(\"cancel\"));",
            "drop(cancel);",
            "its body is to be one call of `plain`",
        ),
        (
            "/// Lets go of a token. Calls that have it go on.\n///\n",
            "",
            "it has no summary",
        ),
        (
            "polyai_cancel_free(cancel: *mut polyai_cancel)",
            "polyai_cancel_free(cancel: String)",
            "cancel: `String` is no type of C",
        ),
        (
            "#[must_use]\n",
            "",
            "`#[must_use]` is for what gives a handle",
        ),
        (
            "Threads: any. ",
            "",
            "its documentation does not end as it should",
        ),
    ] {
        let Some(sources) = Sources::copy() else {
            return;
        };
        sources.replace("cancel.rs", from, to);
        let report = sources.compare(&[]).unwrap_err();
        assert!(report.contains(said), "{said:?} is not in\n{report}");
    }
}
