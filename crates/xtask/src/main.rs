//! Chores for the C ABI. The functions of `crates/ffi` are the source; the header and the manifest in `include` are made
//! from it, committed, and compared by `header --check`. `abi` compares them with what programs were built with.

mod abi;
mod baseline;
mod changes;
mod compare;
mod constants;
mod exports;
mod gate;
mod header;
mod manifest;
mod notes;
mod report;
mod rules;
#[cfg(test)]
mod sample;
mod second_opinion;
mod sources;
mod stubs;
mod types;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::gate::Gate;
use crate::sources::Sources;

const USAGE: &str = "usage: xtask [--root FOLDER] COMMAND

  header           writes include/polyai_chat.h and include/polyai_chat.json from crates/ffi
  header --check   compares them with crates/ffi, and fails when they differ
  exports          prints the names of the exported functions, sorted
  stubs HEADER     prints a source in C in which every function that HEADER declares does nothing

  abi                          compares include with tests/abi/baseline, and fails when they differ
  abi --with-abidiff           the same, and fails too where abidiff is of another opinion
  abi --accept-additions       accepts what breaks nothing
  abi --accept-break NAME WHY  accepts what breaks programs, where that was never released
  abi --freeze                 at a release: what it comes with cannot be broken any more
  abi --begin                  begins tests/abi/baseline, or begins it anew for another SONAME

FOLDER is the root of another copy of the repository.";

const HEADER: &str = "include/polyai_chat.h";
const MANIFEST: &str = "include/polyai_chat.json";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["--root", root, command @ ..] => run(Path::new(root), command),
        command => run(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
            command,
        ),
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

fn run(root: &Path, command: &[&str]) -> Result<String, String> {
    match command {
        ["header"] => write_header(root),
        ["header", "--check"] => check_header(root),
        ["exports"] => {
            manifest::read(&read(&root.join(MANIFEST))?).map(|abi| manifest::exports(&abi))
        }
        ["stubs", header] => stubs(Path::new(header)),
        ["abi"] => Gate::read(root)?.check(false),
        ["abi", "--with-abidiff"] => Gate::read(root)?.check(true),
        ["abi", "--accept-additions"] => Gate::read(root)?.accept_additions(),
        ["abi", "--accept-break", name, why] => Gate::read(root)?.accept_break(name, why),
        ["abi", "--freeze"] => Gate::read(root)?.freeze(),
        ["abi", "--begin"] => Gate::read(root)?.begin(),
        _ => Err(USAGE.to_owned()),
    }
}

fn write_header(root: &Path) -> Result<String, String> {
    for (path, text) in generated(root)? {
        let file = root.join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        std::fs::write(&file, text).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(format!("wrote {HEADER} and {MANIFEST}\n"))
}

fn check_header(root: &Path) -> Result<String, String> {
    let mut stale = String::new();
    for (path, text) in generated(root)? {
        let committed = std::fs::read_to_string(root.join(path)).unwrap_or_default();
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

fn stubs(header: &Path) -> Result<String, String> {
    let name = header.file_name().unwrap_or_default().to_string_lossy();
    Ok(stubs::source(&read(header)?, &name))
}

/// The generated files, by their paths from the root.
fn generated(root: &Path) -> Result<[(&'static str, String); 2], String> {
    let sources = Sources::read(&root.join("crates/ffi"))?;
    let abi = sources.abi()?;
    rules::check(&abi)?;
    Ok([
        (HEADER, header::header(&abi, &sources.first_page)?),
        (MANIFEST, manifest::manifest(&abi)?),
    ])
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
