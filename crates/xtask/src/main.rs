//! Chores for the C ABI. The functions of `crates/ffi` and the tables of the core are the source; what is made from them is
//! committed, and compared by `header --check`.

mod abi;
mod c;
mod declarations;
mod documentation;
mod header;
mod read;
mod rules;
mod tables;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::abi::Abi;

const USAGE: &str = "usage: xtask [--root FOLDER] COMMAND

  header               writes include/polyai_chat.h and include/polyai_chat.json from crates/ffi, and what errors and other
                       numbers mean into the header of C++, the exceptions of Python and the declarations of Java, .NET and
                       Node.js
  header --check       compares them, and fails when they differ
  declarations c-table prints all functions as a table in C, for programs that call any of them

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
    match done {
        // A closed pipe is no reason to fail.
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
        ["header"] => generate(root, false),
        ["header", "--check"] => generate(root, true),
        ["declarations", "c-table"] => declarations::c_table(&read_abi(root)?),
        _ => Err(USAGE.to_owned()),
    }
}

fn read_abi(root: &Path) -> Result<Abi, String> {
    let abi = read::abi(&root.join("crates/ffi"))?;
    rules::check(&abi)?;
    Ok(abi)
}

/// Writes header and manifest, and the meanings into the files of other languages; or compares them.
fn generate(root: &Path, check_only: bool) -> Result<String, String> {
    let abi = read_abi(root)?;
    let is = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let header = header::header(&abi, &root.join("crates/ffi"))?;
    let mut files = vec![
        (HEADER.to_owned(), header),
        (MANIFEST.to_owned(), abi.manifest()?),
    ];
    files.extend(declarations::held(&abi, &is)?);
    for (path, text) in files {
        if is(&path) == text {
            continue;
        }
        if check_only {
            return Err(format!(
                "{path} is not in step with crates/ffi; `{}` writes it anew",
                header::COMMAND
            ));
        }
        let file = root.join(&path);
        file.parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&file, text))
            .map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(format!(
        "{HEADER}, {MANIFEST} and the meanings in other languages are in step with crates/ffi\n"
    ))
}
