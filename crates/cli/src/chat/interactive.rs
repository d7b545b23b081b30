//! A conversation at the prompt.

use super::history::History;
use super::lines::PROMPT;
use super::messages::Said;
use super::output::Output;
use super::session::Session;
use super::termination::Termination;
use crate::exit_status;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::terminal;
use crate::waiting::Waiting;
use clap::ArgMatches;
use polyai_chat_core::{Conversation, Error, ErrorKind};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

const HELP: &str = "\
/restart  closes the conversation and begins a new one
/close    closes the conversation and stays here
/exit     closes the conversation and leaves, as Ctrl-D does
/silence  lets a turn pass without a message
/help     lists this
//text    sends a message that begins with a slash
Ctrl-C    while the agent is waited for: gives the turn up and keeps the conversation";

pub(super) fn run(session: &Session, output: Output, matches: &ArgMatches) -> Result<u8, Failure> {
    let mut editor = DefaultEditor::new().map_err(|error| no_line(&error))?;
    let history = History::load(&mut editor, !matches.get_flag("no-history"));
    let mut prompt = Interactive {
        session,
        output,
        interrupts: Interrupts::repeatedly()?,
        termination: Termination::watch()?,
        closes: session.creates() || matches.get_flag("close"),
        conversation: None,
    };
    let outcome = prompt.hold(&mut editor);
    history.save(&mut editor);
    let closed = prompt.close();
    outcome.and(closed)?;
    Ok(match prompt.output.file_failed() {
        true => exit_status::MACHINE,
        false => 0,
    })
}

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Nothing,
    Message(&'a str),
    Restart,
    Close,
    Exit,
    Silence,
    Help,
    Unknown(&'a str),
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let Some(command) = line.trim().strip_prefix('/') else {
            return match line.trim().is_empty() {
                true => Self::Nothing,
                false => Self::Message(line),
            };
        };
        match command {
            "restart" => Self::Restart,
            "close" => Self::Close,
            "exit" | "quit" => Self::Exit,
            "silence" => Self::Silence,
            "help" => Self::Help,
            _ if command.starts_with('/') => Self::Message(command),
            _ => Self::Unknown(command),
        }
    }
}

struct Interactive<'a> {
    session: &'a Session,
    output: Output,
    interrupts: Interrupts,
    termination: Termination,
    /// Whether the present conversation is closed in the end.
    closes: bool,
    conversation: Option<Conversation>,
}

impl Interactive<'_> {
    fn hold(&mut self, editor: &mut DefaultEditor) -> Result<(), Failure> {
        self.output.announce(self.session)?;
        self.output
            .note("/help lists what can be typed; Ctrl-D closes the conversation")?;
        self.begin(true)?;
        loop {
            match editor.readline(PROMPT) {
                Ok(line) => {
                    let _ = editor.add_history_entry(line.as_str());
                    if self.act_on(&line)? {
                        return Ok(());
                    }
                }
                Err(ReadlineError::Interrupted) => {
                    self.output
                        .note("Ctrl-D closes the conversation and leaves; /help lists more")?;
                }
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(no_line(&error)),
            }
        }
    }

    /// Does what a line says; whether that was to leave.
    fn act_on(&mut self, line: &str) -> Result<bool, Failure> {
        match Line::read(line) {
            Line::Nothing => {}
            Line::Message(message) => self.say(&Said::Words(message.to_owned()))?,
            Line::Silence => self.say(&Said::Nothing)?,
            Line::Restart => {
                self.close_or_say_why_not()?;
                if let Err(failure) = self.begin(false) {
                    self.output.failure(None, &failure)?;
                    self.output.note("/restart tries it once more")?;
                }
            }
            Line::Close => {
                self.closes = true;
                self.close_or_say_why_not()?;
            }
            Line::Exit => return Ok(true),
            Line::Help => self.output.note(HELP)?,
            Line::Unknown(command) => self.output.note(&format!(
                "there is no /{command}; /help lists what there is, and // begins a message with a slash"
            ))?,
        }
        Ok(false)
    }

    fn begin(&mut self, first: bool) -> Result<(), Failure> {
        self.interrupts.forget();
        let (waiting, check) = self.wait();
        let begun = match first {
            true => self.session.begin(check),
            false => self.session.create(check),
        };
        waiting.end();
        let conversation = begun.inspect_err(|error| {
            if first {
                self.output
                    .record_failure(None, &Failure::Call(error.clone()));
            }
        })?;
        self.closes = self.closes || !first;
        self.termination
            .is_about(Some(&conversation).filter(|_| self.closes));
        self.conversation = Some(conversation.clone());
        self.output.begun(self.session, &conversation)
    }

    fn say(&mut self, said: &Said) -> Result<(), Failure> {
        let Some(conversation) = self.conversation.clone() else {
            return self
                .output
                .note("there is no conversation; /restart begins one");
        };
        self.interrupts.forget();
        let (waiting, check) = self.wait();
        let outcome = conversation.respond(said.respond().cancel_when(check));
        waiting.end();
        match outcome {
            Ok(reply) => self.output.reply(said, &reply)?,
            Err(error) if error.kind() == ErrorKind::Cancelled => self.given_up(said, error)?,
            Err(error) => self.output.failure(Some(said), &Failure::Call(error))?,
        }
        if conversation.is_over() {
            self.output
                .note("/restart begins a new conversation; /exit leaves")?;
        }
        Ok(())
    }

    fn given_up(&mut self, said: &Said, error: Error) -> Result<(), Failure> {
        let delivery = error.delivery();
        self.output
            .record_failure(Some(said), &Failure::Call(error));
        self.output.cancelled(delivery)
    }

    fn close(&mut self) -> Result<(), Failure> {
        self.termination.is_about(None);
        let Some(conversation) = self.conversation.take() else {
            return Ok(());
        };
        if self.closes && conversation.close_if_open()?.is_some() {
            self.output.closed()?;
        }
        Ok(())
    }

    fn close_or_say_why_not(&mut self) -> Result<(), Failure> {
        match self.close() {
            Err(failure @ Failure::Call(_)) => self.output.failure(None, &failure),
            other => other,
        }
    }

    fn wait(&self) -> (Waiting, impl Fn() -> bool + Send + Sync + 'static) {
        let waiting = Waiting::begin(terminal::output_is_terminal());
        let drawing = waiting.clone();
        let (interrupted, terminated) = (self.interrupts.check(), self.termination.check());
        (waiting, move || {
            drawing.draw();
            interrupted() || terminated()
        })
    }
}

fn no_line(error: &ReadlineError) -> Failure {
    Failure::Machine(format!("the terminal cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_begin_with_a_slash_and_two_slashes_with_a_message() {
        for (line, expected) in [
            ("", Line::Nothing),
            ("  ", Line::Nothing),
            ("hello ", Line::Message("hello ")),
            ("/restart", Line::Restart),
            (" /close ", Line::Close),
            ("/exit", Line::Exit),
            ("/help", Line::Help),
            ("/silence", Line::Silence),
            ("/hepl", Line::Unknown("hepl")),
            ("//etc", Line::Message("/etc")),
            ("and/or", Line::Message("and/or")),
        ] {
            assert_eq!(Line::read(line), expected, "{line:?}");
        }
    }
}
