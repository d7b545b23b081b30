//! The program in an environment of its own, and what it printed.

use polyai_chat_simulator::Simulator;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Longer than anything takes here; a test that waits so long has failed.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Key and token that must never be seen again.
pub(crate) const KEY: &str = "canary-key-7f3a";
pub(crate) const TOKEN: &str = "canary-token-91bc";

/// A simulator with the canary credentials.
pub(crate) fn simulator() -> Simulator {
    Simulator::builder()
        .credentials(KEY, TOKEN)
        .start()
        .unwrap()
}

/// The program, with nothing of this machine's environment and an empty home.
pub(crate) struct Program {
    pub(crate) home: TempDir,
    environment: Vec<(String, String)>,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        }
    }

    /// Configured for this simulator by its environment.
    pub(crate) fn for_simulator(simulator: &Simulator) -> Self {
        Self::new()
            .with("POLYAI_BASE_URL", &simulator.url())
            .with("POLYAI_ACCOUNT_ID", simulator.account_id())
            .with("POLYAI_PROJECT_ID", simulator.project_id())
            .with("POLYAI_API_KEY", &simulator.api_key())
            .with("POLYAI_TOKEN", &simulator.token())
            .with("POLYAI_DIALECT", simulator.dialect().name())
    }

    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment
            .push((variable.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.in_environment(env!("CARGO_BIN_EXE_polyai-chat"), arguments)
    }

    /// Another program, in the same environment.
    pub(crate) fn in_environment(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .envs(system::home(self.home.path()))
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Runs it with the words of a line.
    pub(crate) fn words(&self, line: &str) -> Ran {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may have ended before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(input);
        Ran::from(child.wait_with_output().unwrap())
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        text_of(&path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        text_of(&self.home.path().join(name))
    }
}

fn text_of(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// How the program ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            output: String::from_utf8(output.stdout).unwrap(),
            errors: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The one JSON object on the standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn assert_status(&self, status: i32) {
        assert_eq!(self.status, Some(status), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn assert_shows(&self, words: &str) {
        assert!(self.output.contains(words), "{words:?} is not in {self:?}");
    }

    #[track_caller]
    pub(crate) fn assert_complains(&self, words: &str) {
        assert!(self.errors.contains(words), "{words:?} is not in {self:?}");
    }

    #[track_caller]
    pub(crate) fn assert_keeps_secrets(&self) {
        for secret in [KEY, TOKEN, "canary"] {
            assert!(!self.output.contains(secret), "{self:?}");
            assert!(!self.errors.contains(secret), "{self:?}");
        }
    }
}

#[cfg(unix)]
pub(crate) use system::signal;

#[cfg(unix)]
mod system {
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command};

    pub(super) fn home(directory: &Path) -> [(&'static str, PathBuf); 1] {
        [("HOME", directory.to_owned())]
    }

    /// Sends a signal to a program that was started here.
    pub(crate) fn signal(child: &Child, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}

#[cfg(windows)]
mod system {
    use std::path::{Path, PathBuf};
    pub(super) fn home(directory: &Path) -> [(&'static str, PathBuf); 3] {
        let system = std::env::var_os("SystemRoot").unwrap_or_default();
        [
            ("APPDATA", directory.to_owned()),
            ("LOCALAPPDATA", directory.to_owned()),
            ("SystemRoot", system.into()), // without it no socket can be made
        ]
    }
}
