//! A conversation as lines for a person: a word that says who or what, then the text.

use super::messages::Said;
use crate::failure::Failure;
use crate::terminal::{AGENT, BAD, NOTE, YOU, printable};
use anstyle::Style;
use polyai_chat_core::{Conversation, Delivery, Handoff, Reply};
use std::io::{self, Write};
use std::time::Duration;

/// How wide the first column is.
const COLUMN: usize = 8;

/// The prompt, which takes the place of the first column.
pub(super) const PROMPT: &str = "you>    ";

/// Writes the lines somewhere.
pub(super) struct Lines {
    to: Box<dyn Write + Send>,
    styled: bool,
    /// Whether conversation id, correlation ids and times are wanted.
    verbose: bool,
}

impl Lines {
    /// The standard output, with colours if it is a terminal.
    pub(super) fn on_screen(verbose: bool) -> Self {
        Self {
            to: Box::new(anstream::stdout()),
            styled: true,
            verbose,
        }
    }

    /// A file, with everything there is to know.
    pub(super) fn in_file(file: std::fs::File) -> Self {
        Self {
            to: Box::new(file),
            styled: false,
            verbose: true,
        }
    }

    pub(super) fn note(&mut self, text: &str) -> io::Result<()> {
        self.write("", NOTE, text, NOTE)
    }

    /// A line that begins in the first column.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        if self.styled {
            writeln!(self.to, "{NOTE}{}{NOTE:#}", printable(text))
        } else {
            writeln!(self.to, "{}", printable(text))
        }
    }

    pub(super) fn asked_for(&mut self, asked_for: &[(&'static str, String)]) -> io::Result<()> {
        let mut label = "create";
        for (name, value) in asked_for {
            self.write(label, NOTE, &format!("{name}: {value}"), NOTE)?;
            label = "";
        }
        Ok(())
    }

    pub(super) fn begun(&mut self, conversation: &Conversation) -> io::Result<()> {
        if self.verbose {
            self.note(&format!("conversation {}", conversation.id()))?;
        }
        if conversation.is_attached() {
            return Ok(());
        }
        let greeting = conversation.greeting();
        self.write("agent>", AGENT, greeting.response(), Style::new())?;
        self.details(greeting.elapsed(), greeting.correlation_id())
    }

    pub(super) fn message(&mut self, said: &Said) -> io::Result<()> {
        match said.message() {
            None => self.write("you>", YOU, "(no message)", NOTE),
            Some("") => self.write("you>", YOU, "(an empty message)", NOTE),
            Some(message) => self.write("you>", YOU, message, Style::new()),
        }
    }

    pub(super) fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        self.write("agent>", AGENT, reply.response(), Style::new())?;
        self.details(reply.elapsed(), reply.correlation_id())?;
        if let Some(handoff) = reply.handoff() {
            self.write("handoff", YOU, &in_words(handoff), Style::new())?;
        }
        if reply.end_conversation() {
            self.write("end", NOTE, "the agent has ended the conversation", NOTE)?;
        }
        Ok(())
    }

    /// What went wrong, and what that means for the message, if it was about one.
    pub(super) fn failure(&mut self, failure: &Failure, of_a_message: bool) -> io::Result<()> {
        self.write("error", BAD, &failure.to_string(), Style::new())?;
        match failure {
            Failure::Call(error) if of_a_message => self.note(fate(error.delivery())),
            _ => Ok(()),
        }
    }

    /// The turn was given up.
    pub(super) fn cancelled(&mut self, delivery: Delivery) -> io::Result<()> {
        self.write("cancel", NOTE, fate(delivery), NOTE)
    }

    pub(super) fn closed(&mut self) -> io::Result<()> {
        self.write("close", NOTE, "the conversation is closed", NOTE)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn details(&mut self, elapsed: Duration, correlation_id: &str) -> io::Result<()> {
        if !self.verbose {
            return Ok(());
        }
        self.note(&format!(
            "{:.1} ms, correlation id {correlation_id}",
            elapsed.as_secs_f64() * 1_000.0
        ))
    }

    fn write(
        &mut self,
        label: &str,
        style: Style,
        text: &str,
        text_style: Style,
    ) -> io::Result<()> {
        let (style, text_style) = if self.styled {
            (style, text_style)
        } else {
            (Style::new(), Style::new())
        };
        let mut label = label;
        for line in printable(text).split('\n') {
            let padding = COLUMN.saturating_sub(label.len());
            writeln!(
                self.to,
                "{style}{label}{style:#}{:padding$}{text_style}{line}{text_style:#}",
                ""
            )?;
            label = "";
        }
        Ok(())
    }
}

/// Where the customer goes on.
fn in_words(handoff: &Handoff) -> String {
    match (handoff.destination(), handoff.reason()) {
        (Some(destination), Some(reason)) => format!("to {destination} (reason: {reason})"),
        (Some(destination), None) => format!("to {destination}"),
        (None, Some(reason)) => format!("(reason: {reason}) {}", handoff.raw()),
        (None, None) => handoff.raw().to_string(),
    }
}

fn fate(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::NotSent => "the agent has not heard it: nothing was sent, it can be sent again",
        Delivery::Rejected => {
            "the agent has not heard it: the service refused it, it can be sent again"
        }
        Delivery::Unknown => "the agent may have heard it: sending it again may say it twice",
    }
}
