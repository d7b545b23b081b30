//! A program that runs, with its output, and an end to its time.

use crate::PATIENCE;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

/// What programs run under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Under {
    /// By themselves.
    Nothing,
    /// valgrind's memcheck.
    Valgrind,
    /// Built with AddressSanitizer.
    AddressSanitizer,
}

/// What programs run under, as `POLYAI_TEST_UNDER` says.
pub fn under() -> Under {
    match std::env::var("POLYAI_TEST_UNDER").as_deref() {
        Err(_) | Ok("") => Under::Nothing,
        Ok("valgrind") => Under::Valgrind,
        Ok("address") => Under::AddressSanitizer,
        Ok(other) => panic!("POLYAI_TEST_UNDER is {other:?}; it may be valgrind or address"),
    }
}

/// A program that runs.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    output: JoinHandle<String>,
    complaints: Arc<Mutex<Vec<u8>>>,
    complained: JoinHandle<()>,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Running {
    /// Starts it, with pipes for input and output.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (sender, lines) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let complaints = Arc::<Mutex<Vec<u8>>>::default();
        Self {
            child,
            lines,
            output: thread::spawn(move || {
                let mut all = String::new();
                for line in std::io::BufRead::lines(std::io::BufReader::new(stdout)) {
                    let line = line.unwrap_or_else(|error| format!("({error})"));
                    all.push_str(&line);
                    all.push('\n');
                    let _ = sender.send(line);
                }
                all
            }),
            complained: thread::spawn({
                let complaints = Arc::clone(&complaints);
                move || {
                    let mut some = [0; 4096];
                    while let Ok(length @ 1..) = stderr.read(&mut some) {
                        complaints.lock().unwrap().extend(&some[..length]);
                    }
                }
            }),
            complaints,
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it prints.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|reason| {
            let complaints = self.complaints.lock().unwrap();
            let complaints = String::from_utf8_lossy(&complaints);
            panic!("no further line ({reason})\n--- errors\n{complaints}")
        })
    }

    /// Writes to its input.
    pub fn write(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Ends its input, and waits for its end; a program that does not end is killed, and fails the test.
    pub fn finish(mut self) -> Finished {
        drop(self.child.stdin.take());
        let (sender, done) = mpsc::channel();
        let id = self.child.id();
        thread::spawn(move || {
            if done.recv_timeout(PATIENCE).is_err() {
                let _ = Command::new("kill")
                    .args(["-KILL", &id.to_string()])
                    .status();
            }
        });
        let status = self.child.wait().unwrap();
        let _ = sender.send(());
        self.complained.join().unwrap();
        let complaints = self.complaints.lock().unwrap();
        Finished {
            status,
            stdout: self.output.join().unwrap(),
            stderr: String::from_utf8_lossy(&complaints).into_owned(),
        }
    }
}

impl Finished {
    /// Asserts that it ended well and complained about nothing.
    pub fn well(self) -> Self {
        assert!(
            self.status.success() && self.stderr.is_empty(),
            "{}\n--- output\n{}--- errors\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }
}
