//! Chores for the C ABI. The functions of `crates/ffi` are the source; the header and the manifest in `include` are made
//! from it, committed, and compared by `header --check`.

mod abi;
mod compare;
mod constants;
mod exports;
mod header;
mod manifest;
mod notes;
mod rules;
#[cfg(test)]
mod sample;
mod sources;
mod types;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::sources::Sources;

const USAGE: &str = "usage: xtask header [--check] | exports

  header           writes include/polyai_chat.h and include/polyai_chat.json from crates/ffi
  header --check   compares them with crates/ffi, and fails when they differ
  exports          prints the names of the exported functions, sorted";

const HEADER: &str = "include/polyai_chat.h";
const MANIFEST: &str = "include/polyai_chat.json";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments {
        ["header"] => write_header(),
        ["header", "--check"] => check_header(),
        ["exports"] => exports(),
        _ => Err(USAGE.to_owned()),
    };
    // A closed pipe is no reason to fail, and there is nobody left to tell.
    match done {
        Ok(text) => {
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(text) => {
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

fn write_header() -> Result<String, String> {
    for (path, text) in generated()? {
        let file = root().join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        std::fs::write(&file, text).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(format!("wrote {HEADER} and {MANIFEST}\n"))
}

fn check_header() -> Result<String, String> {
    let mut stale = String::new();
    for (path, text) in generated()? {
        let committed = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        stale.push_str(&compare::difference(path, &committed, &text));
    }
    if stale.is_empty() {
        return Ok(format!(
            "{HEADER} and {MANIFEST} are in step with crates/ffi\n"
        ));
    }
    Err(format!(
        "{stale}\nThe header is not in step with crates/ffi. `{}` writes it anew.",
        header::COMMAND
    ))
}

fn exports() -> Result<String, String> {
    let text = std::fs::read_to_string(root().join(MANIFEST))
        .map_err(|error| format!("{MANIFEST}: {error}"))?;
    manifest::exports(&text).map_err(|error| format!("{MANIFEST}: {error}"))
}

/// The generated files, by their paths from the root.
fn generated() -> Result<[(&'static str, String); 2], String> {
    let sources = Sources::read(&root().join("crates/ffi"))?;
    let abi = sources.abi()?;
    rules::check(&abi)?;
    Ok([
        (HEADER, header::header(&abi, &sources.first_page)?),
        (MANIFEST, manifest::manifest(&abi)?),
    ])
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
