//! What others find of two headers: abidiff, which compares the types of what a compiler made of them, and the
//! preprocessor, which knows the constants. Neither knows the manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::baseline::Interface;
use crate::changes::{Change, NEWEST, SeenBy};
use crate::stubs;

const HEADER: &str = "polyai_chat.h";
const A_BREAK: &str = "a break";
const NO_BREAK: &str = "no break";

/// An error where they do not agree with us whether something breaks.
pub(crate) fn ask(old: &Interface, new: &Interface, changes: &[Change]) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (before, after) = (folder.path().join("old"), folder.path().join("new"));
    for (at, interface) in [(&before, old), (&after, new)] {
        fs::create_dir(at)
            .and_then(|()| fs::write(at.join(HEADER), &interface.header))
            .map_err(|error| format!("{}: {error}", at.display()))?;
    }
    let constants = constants_agree(&constants(&before)?, &constants(&after)?, changes)?;
    let types = types_agree(&library(&before, old)?, &library(&after, new)?, changes)?;
    Ok(format!(
        "The preprocessor sees {constants}.\nabidiff sees {types}.\n"
    ))
}

fn types_agree(old: &Path, new: &Path, changes: &[Change]) -> Result<&'static str, String> {
    let theirs = abidiff(old, new)?;
    let mut changes = changes.iter();
    let ours = changes.any(|change| change.breaks_for(SeenBy::Types));
    match (ours, theirs.is_empty()) {
        (false, true) => Ok(NO_BREAK),
        (true, false) => Ok(A_BREAK),
        (true, true) => Err("abidiff sees no break of types, and we do.\n".to_owned()),
        (false, false) => Err(format!("abidiff sees a break that we do not:\n\n{theirs}")),
    }
}

/// Name for name: what the preprocessor knows is exact.
fn constants_agree(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    changes: &[Change],
) -> Result<&'static str, String> {
    let theirs: BTreeSet<&str> = old
        .iter()
        .filter(|(name, value)| new.get(*name) != Some(value))
        .map(|(name, _)| name.as_str())
        .collect();
    let names = |that: fn(&Change) -> bool| -> BTreeSet<&str> {
        let changes = changes.iter().filter(|change| that(change));
        changes.map(|change| change.name.as_str()).collect()
    };
    // A constant of another type may look different too, or not.
    let missed = &theirs - &names(Change::breaks);
    let alone = &names(|change| change.breaks_for(SeenBy::Preprocessor)) - &theirs;
    let listed = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    if !missed.is_empty() {
        return Err(format!(
            "The preprocessor sees a break that we do not: {}.\n",
            listed(missed)
        ));
    }
    if !alone.is_empty() {
        return Err(format!(
            "The preprocessor sees no break of {}, and we do.\n",
            listed(alone)
        ));
    }
    Ok(if theirs.is_empty() { NO_BREAK } else { A_BREAK })
}

/// Every macro of the header with its value, but for those that say which release and ABI it is.
fn constants(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let output = run(Command::new(compiler())
        .args(["-E", "-dM", HEADER])
        .current_dir(folder))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let macros = text.lines().filter_map(|line| {
        let line = line.strip_prefix("#define ")?;
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let counts = name.starts_with("POLYAI_")
            && !name.starts_with("POLYAI_VERSION")
            && !["POLYAI_CHAT_H", "POLYAI_NODISCARD", NEWEST].contains(&name);
        counts.then(|| (name.to_owned(), value.to_owned()))
    });
    Ok(macros.collect())
}

fn library(folder: &Path, interface: &Interface) -> Result<PathBuf, String> {
    let library = folder.join("libpolyai_chat.so");
    fs::write(
        folder.join("stubs.c"),
        stubs::source(&interface.header, HEADER),
    )
    .map_err(|error| format!("{}: {error}", folder.display()))?;
    run(Command::new(compiler())
        .args([
            "-g",
            "-fPIC",
            "-shared",
            "-fno-eliminate-unused-debug-types",
        ])
        .arg(format!("-Wl,-soname,{}", interface.abi.numbers.soname))
        .args(["stubs.c", "-o"])
        .arg(&library)
        .current_dir(folder))?;
    Ok(library)
}

/// What it has to say about a break; nothing where there is none.
fn abidiff(old: &Path, new: &Path) -> Result<String, String> {
    const FAILED: i32 = 1 | 2;
    let output = Command::new("abidiff")
        // It takes a const that was taken away for harmless.
        .args(["--no-show-locs", "--no-added-syms", "--harmless"])
        .args([old, new])
        .output()
        .map_err(|error| format!("abidiff: {error} (on Debian: apt-get install abigail-tools)"))?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    match output.status.code() {
        Some(0) => Ok(String::new()),
        Some(code) if code & FAILED == 0 => Ok(said),
        _ => Err(format!("abidiff: {}\n{said}", output.status)),
    }
}

fn compiler() -> OsString {
    std::env::var_os("CC").unwrap_or_else(|| "cc".into())
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}\n{said}", output.status))
}
