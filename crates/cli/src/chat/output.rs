//! Everybody who is told how the conversation goes: the screen, unless it gets JSON, the transcript and the recording.

use super::lines::Lines;
use super::messages::Said;
use super::recording::Recording;
use super::session::Session;
use super::transcript::Transcript;
use crate::failure::Failure;
use crate::terminal;
use clap::ArgMatches;
use polyai_chat_core::{Conversation, Delivery, Reply};
use std::io;
use std::path::PathBuf;

pub(super) struct Output {
    screen: Option<Lines>,
    transcript: Option<Transcript>,
    recording: Option<Recording>,
    transcript_failed: bool,
    recording_failed: bool,
}

impl Output {
    pub(super) fn open(matches: &ArgMatches, session: &Session) -> Result<Self, Failure> {
        let screen =
            (!matches.get_flag("json")).then(|| Lines::on_screen(matches.get_flag("verbose")));
        // First, because it is taken back where something else cannot be opened.
        let recording = matches
            .get_one::<PathBuf>("record")
            .map(|path| Recording::open(path, session, matches.get_flag("redact-text")))
            .transpose()?;
        let transcript = matches
            .get_one::<PathBuf>("transcript")
            .map(|path| Transcript::open(path))
            .transpose()?;
        Ok(Self {
            screen,
            transcript,
            recording,
            transcript_failed: false,
            recording_failed: false,
        })
    }

    /// Whether the transcript or the recording lacks something. It was said when it happened.
    pub(super) fn file_failed(&self) -> bool {
        self.transcript_failed || self.recording_failed
    }

    /// Before a conversation is created.
    pub(super) fn announce(&mut self, session: &Session) -> Result<(), Failure> {
        match &mut self.screen {
            Some(lines) => {
                if session.is_simulated() {
                    shown(lines.heading(terminal::SIMULATOR_NOTICE))?;
                }
                shown(lines.asked_for(&session.asked_for))?;
                shown(lines.flush())
            }
            None => {
                if session.is_simulated() {
                    terminal::remark(terminal::SIMULATOR_NOTICE);
                }
                Ok(())
            }
        }
    }

    pub(super) fn begun(
        &mut self,
        session: &Session,
        conversation: &Conversation,
    ) -> Result<(), Failure> {
        self.transcribe(|transcript| {
            transcript.begun(conversation, &session.asked_for, session.is_simulated())
        });
        self.record(|recording| recording.begun(conversation));
        self.show(|lines| lines.begun(conversation))
    }

    pub(super) fn message(&mut self, said: &Said) -> Result<(), Failure> {
        self.show(|lines| lines.message(said))
    }

    pub(super) fn reply(&mut self, said: &Said, reply: &Reply) -> Result<(), Failure> {
        self.transcribe(|transcript| transcript.turn(said, reply));
        self.record(|recording| recording.turn(said, reply));
        self.show(|lines| lines.reply(reply))
    }

    /// Writes a failure into the files; a scripted conversation reports it at its end.
    pub(super) fn record_failure(&mut self, said: Option<&Said>, failure: &Failure) {
        self.transcribe(|transcript| transcript.failure(said, failure));
        self.record(|recording| recording.failure(said, failure));
    }

    pub(super) fn failure(
        &mut self,
        said: Option<&Said>,
        failure: &Failure,
    ) -> Result<(), Failure> {
        self.record_failure(said, failure);
        self.show(|lines| lines.failure(failure, said.is_some()))
    }

    pub(super) fn cancelled(&mut self, delivery: Delivery) -> Result<(), Failure> {
        self.show(|lines| lines.cancelled(delivery))
    }

    pub(super) fn closed(&mut self) -> Result<(), Failure> {
        self.transcribe(Transcript::closed);
        self.show(Lines::closed)
    }

    pub(super) fn note(&mut self, text: &str) -> Result<(), Failure> {
        self.show(|lines| lines.note(text))
    }

    fn show(&mut self, write: impl FnOnce(&mut Lines) -> io::Result<()>) -> Result<(), Failure> {
        let Some(lines) = &mut self.screen else {
            return Ok(());
        };
        shown(write(lines))?;
        shown(lines.flush())
    }

    /// A conversation with a customer is not given up because a disk is full.
    fn transcribe(&mut self, write: impl FnOnce(&mut Transcript) -> io::Result<()>) {
        if let Some(transcript) = &mut self.transcript
            && let Err(error) = write(transcript)
            && !self.transcript_failed
        {
            self.transcript_failed = true;
            terminal::complain(&format!(
                "the transcript cannot be written and is incomplete: {error}"
            ));
        }
    }

    /// A recording that lacks a turn would replay another conversation, so it ends where it cannot be written.
    fn record(&mut self, write: impl FnOnce(&mut Recording) -> io::Result<()>) {
        if let Some(recording) = &mut self.recording
            && let Err(error) = write(recording)
        {
            terminal::complain(&format!(
                "the recording cannot be written and ends with the last turn that is in it: {error}"
            ));
            self.recording_failed = true;
            self.recording = None;
        }
    }
}

fn shown(outcome: io::Result<()>) -> Result<(), Failure> {
    outcome.map_err(|error| Failure::output(&error))
}
