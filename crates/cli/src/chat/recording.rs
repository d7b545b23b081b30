//! The file of `--record`: the conversation as a script for the simulator.

use super::messages::Said;
use super::session::Session;
use crate::failure::Failure;
use crate::simulator::wire_dialect;
use crate::sys::own_files::ForItsOwner;
use crate::terminal::SIMULATOR_NOTICE;
use polyai_chat_core::{Client, Conversation, Delivery, Dialect, Error, Map, Operation, Reply};
use polyai_chat_simulator::{RecordedError, RecordedReply, ScriptRecorder};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes what happens when it has happened, so that the file is a whole script at any moment.
pub(super) struct Recording {
    file: File,
    path: PathBuf,
    /// How many bytes of whole entries are in the file.
    length: u64,
    recorder: ScriptRecorder,
    client: Client,
}

impl Recording {
    /// Makes the file, for nobody but its owner to read: it will hold a customer's words. One that is there is kept.
    pub(super) fn open(path: &Path, session: &Session, redact_text: bool) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .for_its_owner()
            .open(path)
            .map_err(|error| {
                let problem = match error.kind() {
                    ErrorKind::AlreadyExists => {
                        "it is there already; remove it, or choose another name".to_owned()
                    }
                    _ => format!("it cannot be written: {error}"),
                };
                Failure::argument(format!("--record {}: {problem}", path.display()))
            })?;
        Ok(Self {
            file,
            path: path.to_owned(),
            length: 0,
            recorder: recorder(session, redact_text),
            client: session.client().clone(),
        })
    }

    pub(super) fn begun(&mut self, conversation: &Conversation) -> io::Result<()> {
        if conversation.is_attached() {
            return Ok(());
        }
        let greeting = conversation.greeting();
        let entry = self.recorder.greeting(
            greeting.response(),
            &greeting.unknown_fields(),
            greeting.elapsed(),
        );
        self.append(&entry)
    }

    pub(super) fn turn(&mut self, said: &Said, reply: &Reply) -> io::Result<()> {
        let fields: Map<_, _> = reply.unknown_fields();
        let recorded = RecordedReply {
            response: reply.response(),
            end_conversation: reply.end_conversation(),
            handoff: reply.handoff().map(polyai_chat_core::Handoff::raw),
            fields: &fields,
            delay: reply.elapsed(),
        };
        let entry = self.recorder.turn(self.message(said), &recorded);
        self.append(&entry)
    }

    /// An answer of the service can be replayed. That there was none is noted, if the agent may have heard the message.
    pub(super) fn failure(&mut self, said: Option<&Said>, failure: &Failure) -> io::Result<()> {
        let Failure::Call(error) = failure else {
            return Ok(());
        };
        let entry = match (said, recorded(error)) {
            (Some(said), Some(recorded)) => {
                self.recorder.refused_turn(self.message(said), &recorded)
            }
            (Some(_), None) if error.delivery() != Delivery::NotSent => {
                self.recorder.unanswered_turn(&format!(
                    "{}, delivery {}",
                    error.kind().name(),
                    error.delivery().name()
                ))
            }
            (None, Some(recorded)) if is_about_create(error) => {
                self.recorder.refused_create(&recorded)
            }
            _ => String::new(),
        };
        self.append(&entry)
    }

    /// The message as it is sent: the legacy dialect has no turn without one.
    fn message<'a>(&self, said: &'a Said) -> Option<&'a str> {
        match self.client.dialect() {
            Dialect::Legacy => Some(said.message().unwrap_or_default()),
            Dialect::Current => said.message(),
        }
    }

    /// Adds an entry in one write. Of one that does not fit nothing stays.
    fn append(&mut self, entry: &str) -> io::Result<()> {
        match self.file.write_all(entry.as_bytes()) {
            Ok(()) => {
                self.length = self.length.saturating_add(entry.len() as u64);
                Ok(())
            }
            Err(error) => {
                let _ = self.file.set_len(self.length);
                Err(error)
            }
        }
    }
}

impl Drop for Recording {
    /// Where no conversation came about there is nothing to replay, and the name is free again.
    fn drop(&mut self) {
        if self.length == 0 {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn recorder(session: &Session, redact_text: bool) -> ScriptRecorder {
    let client = session.client().clone();
    let mut recorder = ScriptRecorder::new(wire_dialect(client.dialect().name()))
        .note("Recorded by polyai-chat; `polyai-chat simulator --script FILE` replays it.")
        .without(move |text| client.redacted(text));
    if session.is_simulated() {
        recorder = recorder.note(SIMULATOR_NOTICE);
    }
    match redact_text {
        true => recorder
            .note("Placeholders stand in place of what was said.")
            .with_placeholders(),
        false => recorder,
    }
}

/// The service's answer, and how many attempts in a row, up to the last one, it was given to.
fn recorded(error: &Error) -> Option<RecordedError<'_>> {
    let status = error.status().filter(|status| *status >= 400)?;
    let in_a_row = error.attempts().iter().rev();
    let times = in_a_row
        .take_while(|attempt| attempt.status == Some(status))
        .count();
    Some(RecordedError {
        status,
        error_code: error.error_code(),
        retry_after: error.retry_after(),
        times: u64::try_from(times).unwrap_or(1),
    })
}

fn is_about_create(error: &Error) -> bool {
    let last = error.attempts().last();
    last.is_some_and(|attempt| attempt.operation == Operation::Create)
}
