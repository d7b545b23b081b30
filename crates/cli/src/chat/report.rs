//! The one JSON object that `--json` prints.

use super::messages::Said;
use crate::failure::{Failure, FailureReport};
use polyai_chat_core::{Reply, Value};
use serde::Serialize;
use std::io::{self, Write};

/// One turn as it is reported.
#[derive(Debug, Serialize)]
pub(super) struct Turn {
    /// `null` where the turn had none.
    message: Option<String>,
    response: String,
    end_conversation: bool,
    /// As it came: contact-centre products have fields of their own in it.
    handoff: Option<Value>,
    correlation_id: String,
    elapsed_ms: f64,
}

impl Turn {
    pub(super) fn new(said: &Said, reply: &Reply) -> Self {
        Self {
            message: said.message().map(str::to_owned),
            response: reply.response().to_owned(),
            end_conversation: reply.end_conversation(),
            handoff: reply.handoff().map(|handoff| handoff.raw().clone()),
            correlation_id: reply.correlation_id().to_owned(),
            elapsed_ms: reply.elapsed().as_secs_f64() * 1_000.0,
        }
    }
}

/// The whole conversation. The order of the fields is that of the output.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    pub(super) conversation_id: Option<&'a str>,
    pub(super) greeting: Option<&'a str>,
    pub(super) turns: &'a [Turn],
    pub(super) closed: bool,
    pub(super) error: Option<FailureReport<'a>>,
}

impl<'a> Report<'a> {
    /// Nothing could be begun.
    pub(super) fn of_failure(failure: &'a Failure) -> Self {
        Self {
            conversation_id: None,
            greeting: None,
            turns: &[],
            closed: false,
            error: Some(failure.report()),
        }
    }

    pub(super) fn print(&self) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(self)
            .map_err(|error| Failure::Machine(format!("the output cannot be made: {error}")))?;
        text.push(b'\n');
        let mut output = io::stdout().lock();
        output
            .write_all(&text)
            .and_then(|()| output.flush())
            .map_err(|error| Failure::output(&error))
    }
}
