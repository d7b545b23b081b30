//! A C or C++ program, from its source to its executable.

use crate::library::{built, repository, scratch};
use crate::process::{Running, Under, under};
use polyai_chat_simulator::{Dialect, Simulator};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The language of a source file, and the compiler for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Compiled by `$CC`, else `cc`.
    C,
    /// Compiled by `$CXX`, else `c++`.
    Cpp,
}

impl Language {
    fn compiler(self) -> OsString {
        let (variable, usual) = match self {
            Self::C => ("CC", "cc"),
            Self::Cpp => ("CXX", "c++"),
        };
        std::env::var_os(variable).unwrap_or_else(|| usual.into())
    }

    fn of(source: &Path) -> Self {
        match source.extension().and_then(|extension| extension.to_str()) {
            Some("c") => Self::C,
            _ => Self::Cpp,
        }
    }
}

/// A program that was built.
#[derive(Debug, Clone)]
pub struct Program {
    executable: PathBuf,
}

impl Program {
    /// Builds a source file of the repository, such as `examples/c/chat.c`, with warnings as errors, and links the library.
    pub fn build(source: &str) -> Self {
        Self::build_with(source, &[])
    }

    /// As [`build`](Self::build), with more flags.
    pub fn build_with(source: &str, flags: &[&str]) -> Self {
        let source = repository().join(source);
        let language = Language::of(&source);
        let name = source.file_stem().unwrap().to_str().unwrap();
        // Tests run beside each other, and may build the same program with other flags.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let executable =
            scratch("programs").join(format!("{name}-{}-{number}", std::process::id()));
        let mut compiler = Command::new(language.compiler());
        match language {
            Language::C => compiler.args(["-std=c11", "-D_GNU_SOURCE"]),
            Language::Cpp => compiler.arg("-std=c++17"),
        };
        compiler
            .args(["-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
            .args(["-pthread", "-I"])
            .arg(repository().join("include"))
            .arg("-I")
            .arg(repository().join("bindings/cpp"));
        if under() == Under::AddressSanitizer {
            compiler.args(["-fsanitize=address", "-fno-omit-frame-pointer"]);
        }
        compiler
            .args(flags)
            .arg(&source)
            .arg("-L")
            .arg(built())
            .args(["-lpolyai_chat", "-ldl"])
            .arg(format!("-Wl,-rpath,{}", built().display()))
            .arg("-o")
            .arg(&executable);
        let output = compiler.output().unwrap();
        assert!(
            output.status.success(),
            "{} does not build:\n{}",
            source.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        Self { executable }
    }

    /// The program's file.
    pub fn path(&self) -> &Path {
        &self.executable
    }

    /// To be run with nothing but what a test adds, under whatever [`under`] says.
    pub fn command(&self) -> Command {
        let mut command = match under() {
            Under::Valgrind => {
                let mut valgrind = Command::new("valgrind");
                valgrind
                    .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
                    .args(["--errors-for-leak-kinds=definite,indirect"])
                    .args(["--show-leak-kinds=definite,indirect"])
                    .arg(format!(
                        "--suppressions={}/tests/abi/valgrind.supp",
                        repository().display()
                    ))
                    .arg(&self.executable);
                valgrind
            }
            Under::Nothing | Under::AddressSanitizer => Command::new(&self.executable),
        };
        command.env_clear().env("PATH", "/usr/bin:/bin");
        command
    }

    /// To be run with an environment that leads to this simulator.
    pub fn command_for(&self, simulator: &Simulator) -> Command {
        let mut command = self.command();
        command
            .env("POLYAI_BASE_URL", simulator.url())
            .env("POLYAI_ACCOUNT_ID", simulator.account_id())
            .env("POLYAI_PROJECT_ID", simulator.project_id())
            .env("POLYAI_API_KEY", simulator.api_key())
            .env("POLYAI_TOKEN", simulator.token());
        if simulator.dialect() == Dialect::Legacy {
            command.env("POLYAI_DIALECT", "legacy");
        }
        command
    }

    /// Runs it against the simulator to its end.
    pub fn run(&self, simulator: &Simulator, arguments: &[&str]) -> crate::Finished {
        let mut command = self.command_for(simulator);
        Running::start(command.args(arguments)).finish()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.executable);
    }
}
