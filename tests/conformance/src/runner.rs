//! A runner: a program in one language that does what steps say.

use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// No step of a case takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A runner under way. It is ended when this is dropped.
#[derive(Debug)]
pub struct Runner {
    language: String,
    child: Child,
    steps: Option<ChildStdin>,
    answers: Receiver<String>,
    early: HashMap<u64, Value>,
}

impl Runner {
    /// Starts the program.
    pub fn start(language: &str, command: &[String]) -> Result<Self, String> {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| format!("{language} has no command"))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program} cannot be started: {error}"))?;
        let (send, answers) = channel();
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if send.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self {
            language: language.to_owned(),
            steps: child.stdin.take(),
            child,
            answers,
            early: HashMap::new(),
        })
    }

    /// What it runs.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Has it begin a step; `number` comes back with the answer.
    pub(crate) fn send(&mut self, number: u64, mut step: Value) -> Result<(), String> {
        if let Value::Object(fields) = &mut step {
            fields.insert("step".to_owned(), number.into());
        }
        let steps = self.steps.as_mut().ok_or("the runner has no input")?;
        writeln!(steps, "{step}")
            .and_then(|()| steps.flush())
            .map_err(|error| format!("the runner of {} is gone: {error}", self.language))
    }

    /// Waits for the answer to a step.
    pub(crate) fn answer(&mut self, number: u64) -> Result<Value, String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = self.early.remove(&number) {
                return Ok(answer);
            }
            let left = until.saturating_duration_since(Instant::now());
            let line = self
                .answers
                .recv_timeout(left)
                .map_err(|error| match error {
                    RecvTimeoutError::Timeout => {
                        format!("no answer after {} s", PATIENCE.as_secs())
                    }
                    RecvTimeoutError::Disconnected => match self.child.wait() {
                        Ok(status) => format!("the runner ended: {status}"),
                        Err(error) => format!("the runner ended: {error}"),
                    },
                })?;
            let answer: Value = serde_json::from_str(&line)
                .map_err(|error| format!("the runner wrote what is not JSON: {error}: {line}"))?;
            let step = answer.get("step").and_then(Value::as_u64);
            self.early.insert(
                step.ok_or_else(|| format!("an answer to no step: {line}"))?,
                answer,
            );
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        drop(self.steps.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
