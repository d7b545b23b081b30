//! The file of `--transcript`.

use super::lines::Lines;
use super::messages::Said;
use super::report::Turn;
use crate::failure::{Failure, FailureReport};
use crate::sys::own_files::ForItsOwner;
use crate::terminal::SIMULATOR_NOTICE;
use polyai_chat_core::{Conversation, Reply};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Appends a conversation to a file: as JSON lines if its name ends in `.jsonl`, else as text.
pub(super) enum Transcript {
    Text(Lines),
    Json(File),
}

impl Transcript {
    /// Opens the file, for nobody but its owner to read where it is new: it will hold a customer's words.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .for_its_owner()
            .open(path)
            .map_err(|error| {
                Failure::argument(format!(
                    "--transcript {}: it cannot be written: {error}",
                    path.display()
                ))
            })?;
        if path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("jsonl"))
        {
            return Ok(Self::Json(file));
        }
        Ok(Self::Text(Lines::in_file(file)))
    }

    pub(super) fn begun(
        &mut self,
        conversation: &Conversation,
        asked_for: &[(&'static str, String)],
        simulated: bool,
    ) -> io::Result<()> {
        match self {
            Self::Text(lines) => {
                lines.heading(&httpdate::fmt_http_date(SystemTime::now()))?;
                if simulated {
                    lines.heading(SIMULATOR_NOTICE)?;
                }
                lines.asked_for(asked_for)?;
                lines.begun(conversation)
            }
            Self::Json(_) => {
                let simulator = simulated.then_some(SIMULATOR_NOTICE);
                self.json(&Event::Begun {
                    conversation_id: conversation.id(),
                    greeting: conversation.greeting().response(),
                    simulator,
                })
            }
        }
    }

    pub(super) fn turn(&mut self, said: &Said, reply: &Reply) -> io::Result<()> {
        match self {
            Self::Text(lines) => {
                lines.message(said)?;
                lines.reply(reply)
            }
            Self::Json(_) => self.json(&Event::Turn(&Turn::new(said, reply))),
        }
    }

    pub(super) fn failure(&mut self, said: Option<&Said>, failure: &Failure) -> io::Result<()> {
        match self {
            Self::Text(lines) => {
                if let Some(said) = said {
                    lines.message(said)?;
                }
                lines.failure(failure, said.is_some())
            }
            Self::Json(_) => self.json(&Event::Error {
                message: said.and_then(Said::message),
                error: failure.report(),
            }),
        }
    }

    pub(super) fn closed(&mut self) -> io::Result<()> {
        match self {
            Self::Text(lines) => lines.closed(),
            Self::Json(_) => self.json(&Event::Closed {}),
        }
    }

    fn json(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Self::Json(file) = self else {
            return Ok(());
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut line = serde_json::to_vec(&Dated {
            at_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            event,
        })?;
        line.push(b'\n');
        // In one write, so that two programs that append to the same file do not mix their lines.
        file.write_all(&line)
    }
}

/// When it happened, in milliseconds since 1970, and what.
#[derive(Serialize)]
struct Dated<'a> {
    at_ms: u64,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event<'a> {
    Begun {
        conversation_id: &'a str,
        greeting: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        simulator: Option<&'static str>,
    },
    Turn(&'a Turn),
    Error {
        message: Option<&'a str>,
        error: FailureReport<'a>,
    },
    Closed {},
}
