//! What is to be said: the messages of the command line, then the lines of a file.

use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::terminal;
use clap::ArgMatches;
use polyai_chat_core::{ErrorKind, Respond};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Longer than any message; what goes on without a line break is no list of messages.
const LONGEST_LINE: u64 = 1024 * 1024;
/// What it is called in errors.
const STANDARD_INPUT: &str = "the standard input";
/// How many lines are read ahead of the conversation.
const READ_AHEAD: usize = 64;
/// How soon a signal is noticed while there is nothing to read.
const WATCH: Duration = Duration::from_millis(50);

/// What the customer does in a turn: says something, or nothing, which is not the same as an empty message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Words(String),
    Nothing,
}

impl Said {
    /// The message, if there is one.
    pub(super) fn message(&self) -> Option<&str> {
        match self {
            Self::Words(words) => Some(words),
            Self::Nothing => None,
        }
    }

    pub(super) fn respond(&self) -> Respond {
        match self {
            Self::Words(words) => Respond::new(words),
            Self::Nothing => Respond::without_message(),
        }
    }
}

/// The messages, in order.
pub(super) struct Messages {
    given: std::vec::IntoIter<Said>,
    lines: Option<Receiver<Result<String, Failure>>>,
}

impl Messages {
    /// Opens the file. A regular file is read and checked as a whole, so that nothing is sent of one that is wrong.
    pub(super) fn open(matches: &ArgMatches) -> Result<Self, Failure> {
        let mut given = given(matches);
        let file = matches.get_one::<PathBuf>("input-file");
        let lines = match file {
            Some(path) if path != Path::new("-") => {
                let name = path.display().to_string();
                let unreadable = |error: io::Error| {
                    Failure::argument(format!("--input-file {name}: it cannot be read: {error}"))
                };
                let file = File::open(path).map_err(unreadable)?;
                if file.metadata().map_err(unreadable)?.is_file() {
                    for line in Lines::new(file, &name) {
                        given.push(Said::Words(line?));
                    }
                    None
                } else {
                    Some(stream(file, &name)?)
                }
            }
            Some(_) => Some(stream(io::stdin(), STANDARD_INPUT)?),
            None if given.is_empty() && !terminal::input_is_terminal() => {
                Some(stream(io::stdin(), STANDARD_INPUT)?)
            }
            None => None,
        };
        Ok(Self {
            given: given.into_iter(),
            lines,
        })
    }

    /// The next message; `None` after the last. A signal is an error.
    pub(super) fn next(&mut self, interrupts: &Interrupts) -> Result<Option<Said>, Failure> {
        if interrupts.signal().is_some() {
            return Err(interrupted());
        }
        if let Some(message) = self.given.next() {
            return Ok(Some(message));
        }
        let Some(lines) = &self.lines else {
            return Ok(None);
        };
        loop {
            match lines.recv_timeout(WATCH) {
                Ok(line) => return line.map(Said::Words).map(Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if interrupts.signal().is_some() => {
                    return Err(interrupted());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// The turns of the command line, in the order in which they stand there.
fn given(matches: &ArgMatches) -> Vec<Said> {
    let places = |name| matches.indices_of(name).into_iter().flatten();
    let messages = matches.get_many::<String>("message").into_iter().flatten();
    let mut given: Vec<(usize, Said)> = places("message")
        .zip(messages.cloned().map(Said::Words))
        .chain(places("no-message").map(|place| (place, Said::Nothing)))
        .collect();
    given.sort_by_key(|(place, _)| *place);
    given.into_iter().map(|(_, said)| said).collect()
}

fn interrupted() -> Failure {
    Failure::Own {
        kind: ErrorKind::Cancelled,
        message: "interrupted between two turns".to_owned(),
    }
}

/// Reads on a thread of its own: a read that waits for input could not be given up when a signal comes. The thread ends
/// with its input or with the program.
fn stream(
    input: impl Read + Send + 'static,
    name: &str,
) -> Result<Receiver<Result<String, Failure>>, Failure> {
    let (sender, receiver) = sync_channel(READ_AHEAD);
    let lines = Lines::new(input, name);
    std::thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || send_lines(lines, &sender))
        .map_err(|error| Failure::Machine(format!("the input cannot be read: {error}")))?;
    Ok(receiver)
}

fn send_lines(
    lines: impl Iterator<Item = Result<String, Failure>>,
    sender: &SyncSender<Result<String, Failure>>,
) {
    for line in lines {
        if sender.send(line).is_err() {
            // The conversation is over; nobody wants the rest.
            return;
        }
    }
}

/// The lines that are not empty, without their line breaks. Ends after the first error.
struct Lines<Input> {
    input: Option<BufReader<Input>>,
    name: String,
    number: u64,
}

impl<Input: Read> Lines<Input> {
    fn new(input: Input, name: &str) -> Self {
        Self {
            input: Some(BufReader::new(input)),
            name: name.to_owned(),
            number: 0,
        }
    }

    /// The next line with its line break; empty at the end.
    fn read(&mut self) -> Result<String, Failure> {
        let Some(input) = &mut self.input else {
            return Ok(String::new());
        };
        self.number += 1;
        let wrong = |problem: &str| {
            Failure::argument(format!("{}, line {}: {problem}", self.name, self.number))
        };
        let mut line = Vec::new();
        input
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut line)
            .map_err(|error| wrong(&format!("it cannot be read: {error}")))?;
        if u64::try_from(line.len()).is_ok_and(|length| length > LONGEST_LINE) {
            return Err(wrong("it is longer than 1 MiB, which is no message"));
        }
        let text = String::from_utf8(line).map_err(|error| {
            let byte = error.utf8_error().valid_up_to() + 1;
            wrong(&format!(
                "it is not UTF-8 at byte {byte}; convert the file to UTF-8"
            ))
        })?;
        Ok(match self.number {
            1 => text.trim_start_matches('\u{feff}').to_owned(),
            _ => text,
        })
    }
}

impl<Input: Read> Iterator for Lines<Input> {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.input.is_some() {
            match self.read() {
                Ok(line) if line.is_empty() => self.input = None,
                Ok(line) => {
                    let text = line.strip_suffix('\n').unwrap_or(&line);
                    let text = text.strip_suffix('\r').unwrap_or(text);
                    if !text.is_empty() {
                        return Some(Ok(text.to_owned()));
                    }
                }
                Err(failure) => {
                    self.input = None;
                    return Some(Err(failure));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<Result<String, String>> {
        Lines::new(input, "questions.txt")
            .map(|line| line.map_err(|failure| failure.to_string()))
            .collect()
    }

    #[test]
    fn a_message_is_a_line_and_empty_lines_are_skipped() {
        let lines = read("\u{feff}one\r\n\n\r\n two \nthree".as_bytes());
        assert_eq!(
            lines,
            [Ok("one".into()), Ok(" two ".into()), Ok("three".into())]
        );
        assert_eq!(read(b"\xef\xbb\xbf\none\n"), [Ok("one".into())]);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn what_is_not_text_is_named_with_its_line() {
        let lines = read(b"one\nt\xffo\nthree\n");
        assert_eq!(lines.len(), 2);
        let error = lines[1].clone().unwrap_err();
        assert!(
            error.contains("questions.txt, line 2: it is not UTF-8 at byte 2"),
            "{error}"
        );
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let error = read(&vec![b'x'; 2 * 1024 * 1024]).remove(0).unwrap_err();
        assert!(error.contains("line 1: it is longer"), "{error}");
    }
}
