//! The header is one that every compiler takes without a word, in every standard, and it says what the library has.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use polyai_chat_abi::{built, manifest, not_run, repository, xtask};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const NAME: &str = "polyai_chat.h";

const WARNINGS: [&str; 8] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-pedantic-errors",
    "-Wundef",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    C,
    Cpp,
}

/// A compiler that is there, with the warnings that only it or its language knows.
struct Compiler {
    program: &'static str,
    language: Language,
    warnings: &'static [&'static str],
}

impl Compiler {
    fn standards(&self) -> &'static [&'static str] {
        match self.language {
            Language::C => &["c99", "c11", "c17", "c2x"],
            Language::Cpp => &["c++11", "c++14", "c++17", "c++20", "c++2b"],
        }
    }

    fn command(&self, standard: &str) -> Command {
        let mut command = Command::new(self.program);
        command.arg(format!("-std={standard}"));
        command.args(WARNINGS).args(self.warnings);
        command
    }
}

fn compilers() -> Vec<Compiler> {
    const IN_C: &[&str] = &["-Wstrict-prototypes"];
    let kinds: [(&[&str], Language, &[&str]); 4] = [
        (&["gcc"], Language::C, IN_C),
        (&["clang", "clang-14"], Language::C, IN_C),
        (
            &["g++"],
            Language::Cpp,
            &["-Wold-style-cast", "-Wuseless-cast"],
        ),
        (
            &["clang++", "clang++-14"],
            Language::Cpp,
            &["-Wold-style-cast"],
        ),
    ];
    let mut compilers = Vec::new();
    for (programs, language, warnings) in kinds {
        let is_there = |program: &&&str| Command::new(program).arg("--version").output().is_ok();
        if let Some(program) = programs.iter().find(is_there) {
            compilers.push(Compiler {
                program,
                language,
                warnings,
            });
        } else {
            not_run(&format!(
                "without {}: INSTALL=1 tests/require c-tools",
                programs[0]
            ));
        }
    }
    compilers
}

fn include() -> PathBuf {
    repository().join("include")
}

fn header() -> String {
    fs::read_to_string(include().join(NAME)).unwrap()
}

/// What the manifest has of a kind, such as `functions`.
fn all<'a>(manifest: &'a Value, kind: &str) -> &'a Vec<Value> {
    manifest[kind].as_array().unwrap()
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap()
}

/// A source that needs of the header exactly what the manifest says: each constant with its value and type, each function
/// with its signature. Includes it first, and twice.
fn everything(manifest: &Value) -> String {
    let mut source = format!("#include \"{NAME}\"\n#include \"{NAME}\"\n");
    for constant in all(manifest, "constants") {
        let (name, value) = (text(constant, "name"), &constant["value"]);
        let value = value.as_str().map_or(value.to_string(), str::to_owned);
        writeln!(source, "#if {name} != {value}\n#error {name}\n#endif").unwrap();
        let (of, variable) = (text(constant, "type"), name.to_lowercase());
        writeln!(source, "static const {of} has_{variable} = {name};").unwrap();
    }
    source
        .push_str("size_t everything(void);\nsize_t everything(void)\n{\n    size_t count = 0;\n");
    for constant in all(manifest, "constants") {
        let variable = text(constant, "name").to_lowercase();
        writeln!(source, "    count += has_{variable} ? 1u : 0u;").unwrap();
    }
    for function in all(manifest, "functions") {
        let (name, returns) = (text(function, "name"), text(&function["returns"], "type"));
        let parameters: Vec<&str> = all(function, "parameters")
            .iter()
            .map(|parameter| text(parameter, "type"))
            .collect();
        let parameters = match parameters.as_slice() {
            [] => "void".to_owned(),
            some => some.join(", "),
        };
        writeln!(source, "    {returns} (*of_{name})({parameters}) = {name};").unwrap();
        writeln!(source, "    count += of_{name} ? 1u : 0u;").unwrap();
    }
    source.push_str("    return count;\n}\n");
    source
}

const MAIN: &str = r#"#include "polyai_chat.h"
#include <stdio.h>

size_t everything(void);

int main(void)
{
    printf("%s %d.%d.%d %s\n", POLYAI_VERSION, POLYAI_VERSION_MAJOR, POLYAI_VERSION_MINOR, POLYAI_VERSION_PATCH, polyai_version());
    printf("%u %u %u\n", POLYAI_ABI_VERSION, polyai_abi_newest(), polyai_abi_oldest());
    return everything() == 0;
}
"#;

/// Builds a program of two units, both of which include the header of this folder, in this standard.
fn build(
    compiler: &Compiler,
    standard: &str,
    folder: &Path,
    everything: &str,
) -> Result<PathBuf, String> {
    let ending = match compiler.language {
        Language::C => "c",
        Language::Cpp => "cpp",
    };
    let units = [("main", MAIN), ("everything", everything)].map(|(name, source)| {
        let path = folder.join(format!("{name}.{ending}"));
        fs::write(&path, source).unwrap();
        path
    });
    let program = folder.join("program");
    let mut command = compiler.command(standard);
    command.arg("-I").arg(folder).args(units);
    command.arg("-L").arg(built()).arg("-lpolyai_chat");
    command.arg(format!("-Wl,-rpath,{}", built().display()));
    let output = command.arg("-o").arg(&program).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && said.is_empty() {
        Ok(program)
    } else {
        Err(format!("{} -std={standard}: {said}", compiler.program))
    }
}

/// A folder with this header in it.
fn folder_with(header: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(NAME), header).unwrap();
    folder
}

#[test]
fn every_compiler_takes_it_in_every_standard() {
    let everything = everything(&manifest());
    for compiler in compilers() {
        for standard in compiler.standards() {
            let folder = folder_with(&header());
            let program = build(&compiler, standard, folder.path(), &everything)
                .unwrap_or_else(|error| panic!("{error}"));
            let output = Command::new(program).output().unwrap();
            assert!(output.status.success());
            let version = env!("CARGO_PKG_VERSION");
            let numbers = &manifest()["abi"];
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                format!(
                    "{version} {version} {version}\n{0} {0} {1}\n",
                    numbers["newest"], numbers["oldest"]
                ),
                "header and library are of one release"
            );
        }
    }
}

#[test]
fn a_compiler_finds_what_is_wrong_with_a_header() {
    let (everything, header) = (everything(&manifest()), header());
    let mut compilers = compilers();
    compilers.retain(|compiler| ["gcc", "g++"].contains(&compiler.program));
    let oldest = |compiler: Compiler| {
        let standard = compiler.standards()[0];
        (compiler, standard)
    };
    let compilers: Vec<_> = compilers.into_iter().map(oldest).collect();
    let inside = "/* ---- Types and constants";
    let add = |line: &str| header.replacen(inside, &format!("{line}\n{inside}"), 1);
    let replace = |from: &str, to: &str| {
        assert!(header.contains(from), "{from}");
        header.replace(from, to)
    };
    for (wrong, with) in [
        ("an empty list of arguments", add("void polyai_odd();")),
        ("a definition", add("int polyai_odd(void) { return 0; }")),
        ("a variable", add("int polyai_odd = 0;")),
        (
            "a function of one unit only",
            add("static int polyai_odd(void) { return 0; }"),
        ),
        ("a macro that is not there", add("#if POLYAI_ODD\n#endif")),
        ("an empty struct", add("typedef struct { } polyai_odd;")),
        (
            "a type of the compiler's own",
            add("typedef __int128 polyai_odd;"),
        ),
        ("no guard", replace("#ifndef POLYAI_CHAT_H", "#if 1")),
        ("no types", replace("#include <stdint.h>", "")),
        ("no bool", replace("#include <stdbool.h>", "")),
        (
            "names of C++",
            replace("extern \"C\" {", "extern \"C++\" {"),
        ),
        (
            "a cast",
            replace(
                "POLYAI_STATE_CLOSED 4u",
                "POLYAI_STATE_CLOSED (polyai_state)4",
            ),
        ),
        (
            "another number",
            replace("POLYAI_STATE_CLOSED 4u", "POLYAI_STATE_CLOSED 5u"),
        ),
        (
            "a negative number",
            replace("POLYAI_STATUS_OK 0u", "POLYAI_STATUS_OK -0x1"),
        ),
        (
            "a missing constant",
            replace("#define POLYAI_STATE_CLOSED", "#define POLYAI_STATE_SHUT"),
        ),
        (
            "a missing function",
            replace("polyai_live_handles(", "polyai_alive("),
        ),
        (
            "another argument",
            replace(
                "polyai_status_name(polyai_status ",
                "polyai_status_name(bool ",
            ),
        ),
        (
            "another result",
            replace("size_t polyai_live_handles", "uint32_t polyai_live_handles"),
        ),
        (
            "an attribute of C23",
            replace("__attribute__((warn_unused_result))", "[[nodiscard]]"),
        ),
        ("a keyword of C++", add("void polyai_odd(int class);")),
    ] {
        let found = compilers.iter().any(|(compiler, standard)| {
            let folder = folder_with(&with);
            build(compiler, standard, folder.path(), &everything).is_err()
        });
        assert!(found, "no compiler finds {wrong}");
    }
}

#[test]
fn it_is_in_step_with_its_source() {
    xtask(&["header", "--check"]).unwrap();
}

/// The names that the library exports.
fn exported() -> BTreeSet<String> {
    let output = Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(built().join("libpolyai_chat.so"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| line.split(' ').next().unwrap().to_owned();
    lines.lines().map(name).collect()
}

#[test]
fn the_library_exports_what_the_manifest_lists_and_nothing_else() {
    let names = all(&manifest(), "functions")
        .iter()
        .map(|function| text(function, "name").to_owned())
        .collect();
    let exported = exported();
    let (missing, unknown) = (&names - &exported, &exported - &names);
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "the library lacks {missing:?}, and has {unknown:?} beyond the manifest"
    );
}

/// The functions whose documentation leaves out what it must say, with what that is.
fn undocumented(header: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for block in header.split("/**").skip(1) {
        let (comment, code) = block.split_once("*/").unwrap();
        let Some((before, _)) = code
            .split_once(';')
            .unwrap_or((code, ""))
            .0
            .split_once('(')
            .filter(|(before, _)| !before.contains("typedef") && !before.contains("#define"))
        else {
            continue;
        };
        let name = before.split_whitespace().last().unwrap();
        let name = name.trim_start_matches('*');
        let mut says = |what: &str| {
            if !comment.contains(what) {
                wrong.push(format!("{name}: {what}"));
            }
        };
        says(" Blocks: ");
        says(" Threads: ");
        says(" Since: ");
        if before.contains("polyai_status ") && code.contains("polyai_error **error") {
            says("\n * Errors: ");
        }
    }
    wrong
}

#[test]
fn every_function_says_what_its_caller_has_to_know() {
    let header = header();
    assert_eq!(undocumented(&header), [""; 0]);
    let create = " * Errors: any. After one with";
    assert!(header.contains(create));
    assert_eq!(
        undocumented(&header.replace(create, " * After one with")),
        ["polyai_client_create: \n * Errors: "]
    );
    // Every function has a block of its own.
    let functions = all(&manifest(), "functions").len();
    for what in ["Blocks", "Threads", "Since"] {
        let without = header.replace(&format!("{what}: "), "");
        assert_eq!(undocumented(&without).len(), functions, "{what}");
    }
}
