//! A conversation without anybody at the keyboard: message after message, until the agent ends it or there is no more.

use super::messages::{Messages, Said};
use super::output::Output;
use super::report::{Report, Turn};
use super::session::Session;
use crate::exit_status;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::terminal;
use crate::waiting::Waiting;
use clap::ArgMatches;
use polyai_chat_core::{Conversation, ErrorKind};

pub(super) fn run(
    session: &Session,
    messages: Messages,
    output: Output,
    matches: &ArgMatches,
) -> Result<u8, Failure> {
    let as_json = matches.get_flag("json");
    let mut script = Scripted {
        session,
        interrupts: Interrupts::once()?,
        output,
        waiting_is_shown: !as_json && terminal::output_is_terminal(),
        keep_turns: as_json,
        conversation: None,
        turns: Vec::new(),
    };
    let mut failure = script.converse(messages).err();
    let closes = session.creates() || matches.get_flag("close");
    if let Err(close_failure) = script.finish(closes) {
        match (&failure, &close_failure) {
            // It is closed; only the line that says so could not be printed.
            (Some(_), Failure::OutputClosed) => {}
            (Some(_), _) => terminal::complain(&format!(
                "the conversation could not be closed: {close_failure}"
            )),
            (None, _) => failure = Some(close_failure),
        }
    }
    if as_json {
        script.report(failure.as_ref()).print()?;
    }
    Ok(script.exit_status(failure.as_ref()))
}

struct Scripted<'a> {
    session: &'a Session,
    interrupts: Interrupts,
    output: Output,
    waiting_is_shown: bool,
    keep_turns: bool,
    conversation: Option<Conversation>,
    turns: Vec<Turn>,
}

impl Scripted<'_> {
    fn converse(&mut self, mut messages: Messages) -> Result<(), Failure> {
        self.output.announce(self.session)?;
        let (waiting, check) = self.wait();
        let begun = self.session.begin(check);
        waiting.end();
        let conversation = begun.inspect_err(|error| {
            self.output
                .record_failure(None, &Failure::Call(error.clone()));
        })?;
        self.conversation = Some(conversation.clone());
        self.output.begun(self.session, &conversation)?;
        while let Some(said) = messages.next(&self.interrupts)? {
            if self.take_turn(&conversation, &said)? {
                break;
            }
        }
        Ok(())
    }

    /// One turn; whether the agent has ended the conversation with it.
    fn take_turn(&mut self, conversation: &Conversation, said: &Said) -> Result<bool, Failure> {
        self.output.message(said)?;
        let (waiting, check) = self.wait();
        let outcome = conversation.respond(said.respond().cancel_when(check));
        waiting.end();
        match outcome {
            Ok(reply) => {
                if self.keep_turns {
                    self.turns.push(Turn::new(said, &reply));
                }
                self.output.reply(said, &reply)?;
                Ok(reply.end_conversation())
            }
            Err(error) => {
                let failure = Failure::Call(error);
                self.output.record_failure(Some(said), &failure);
                Err(failure)
            }
        }
    }

    /// Closes what is open. A signal that has come does not keep it from doing so.
    fn finish(&mut self, closes: bool) -> Result<(), Failure> {
        let Some(conversation) = self.conversation.clone() else {
            return Ok(());
        };
        if closes && conversation.close_if_open()?.is_some() {
            self.output.closed()?;
        }
        Ok(())
    }

    fn wait(&self) -> (Waiting, impl Fn() -> bool + Send + Sync + 'static) {
        let waiting = Waiting::begin(self.waiting_is_shown);
        let drawing = waiting.clone();
        let interrupted = self.interrupts.check();
        (waiting, move || {
            drawing.draw();
            interrupted()
        })
    }

    fn report<'a>(&'a self, failure: Option<&'a Failure>) -> Report<'a> {
        let conversation = self.conversation.as_ref();
        Report {
            conversation_id: conversation.map(Conversation::id),
            greeting: conversation.map(|conversation| conversation.greeting().response()),
            turns: &self.turns,
            closed: conversation.is_some_and(Conversation::is_over),
            error: failure.map(Failure::report),
        }
    }

    fn exit_status(&self, failure: Option<&Failure>) -> u8 {
        let Some(failure) = failure else {
            return match self.output.file_failed() {
                true => exit_status::MACHINE,
                false => 0,
            };
        };
        if !matches!(failure, Failure::OutputClosed) {
            terminal::complain(&failure.to_string());
        }
        match self.interrupts.signal() {
            Some(signal) if is_cancelled(failure) => exit_status::signalled(signal),
            _ => failure.exit_status(),
        }
    }
}

fn is_cancelled(failure: &Failure) -> bool {
    match failure {
        Failure::Call(error) => error.kind() == ErrorKind::Cancelled,
        Failure::Own { kind, .. } => *kind == ErrorKind::Cancelled,
        Failure::Machine(_) | Failure::OutputClosed => false,
    }
}
