//! Everybody who is told how the conversation goes: the screen, unless it gets JSON, and the transcript.

use super::lines::Lines;
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
    transcript_failed: bool,
}

impl Output {
    pub(super) fn open(matches: &ArgMatches) -> Result<Self, Failure> {
        let screen =
            (!matches.get_flag("json")).then(|| Lines::on_screen(matches.get_flag("verbose")));
        let transcript = matches
            .get_one::<PathBuf>("transcript")
            .map(|path| Transcript::open(path))
            .transpose()?;
        Ok(Self {
            screen,
            transcript,
            transcript_failed: false,
        })
    }

    /// Whether the transcript lacks something. It was said when it happened.
    pub(super) fn transcript_failed(&self) -> bool {
        self.transcript_failed
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
        self.record(|transcript| {
            transcript.begun(conversation, &session.asked_for, session.is_simulated())
        });
        self.show(|lines| lines.begun(conversation))
    }

    pub(super) fn message(&mut self, message: &str) -> Result<(), Failure> {
        self.show(|lines| lines.message(message))
    }

    pub(super) fn reply(&mut self, message: &str, reply: &Reply) -> Result<(), Failure> {
        self.record(|transcript| transcript.turn(message, reply));
        self.show(|lines| lines.reply(reply))
    }

    /// Writes a failure into the transcript; a scripted conversation reports it at its end.
    pub(super) fn record_failure(&mut self, message: Option<&str>, failure: &Failure) {
        self.record(|transcript| transcript.failure(message, failure));
    }

    pub(super) fn failure(
        &mut self,
        message: Option<&str>,
        failure: &Failure,
    ) -> Result<(), Failure> {
        self.record_failure(message, failure);
        self.show(|lines| lines.failure(failure, message.is_some()))
    }

    pub(super) fn cancelled(&mut self, delivery: Delivery) -> Result<(), Failure> {
        self.show(|lines| lines.cancelled(delivery))
    }

    pub(super) fn closed(&mut self) -> Result<(), Failure> {
        self.record(Transcript::closed);
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
    fn record(&mut self, write: impl FnOnce(&mut Transcript) -> io::Result<()>) {
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
}

fn shown(outcome: io::Result<()>) -> Result<(), Failure> {
    outcome.map_err(|error| Failure::output(&error))
}
