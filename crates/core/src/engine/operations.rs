//! The three operations: builds the body of each, and reads its answer.

use super::classification::says_that_it_is_over;
use super::engine::Engine;
use super::exchange::Exchange;
use super::verdict::Verdict;
use crate::call::{Call, Close, Create, Respond};
use crate::dialect::{CONVERSATION_ID, is_conversation_id, read_close, read_create};
use crate::model::{Answer, Closed, Delivery, Error, Greeting, Operation, Reply, Unreadable};
use crate::transport::{Incoming, ReceivedHead};
use std::sync::Arc;

/// Reads a complete answer, or returns the error that it amounts to.
type Interpret<'a, T> = &'a dyn Fn(&Verdict<'_>, Incoming<'_>) -> Result<(ReceivedHead, T), Error>;

impl Engine {
    /// Starts a conversation.
    pub(crate) fn create(&self, call: &Call, request: &Create) -> Result<Greeting, Error> {
        let outcome = self.created(call, request);
        outcome.map_err(|error| match error.delivery() {
            Delivery::Unknown => {
                error.with_advice("; a conversation may be open that nobody can reach")
            }
            Delivery::NotSent | Delivery::Rejected => error,
        })
    }

    fn created(&self, call: &Call, request: &Create) -> Result<Greeting, Error> {
        let body = self.settings.dialect.create_body(&request.0.fields)?;
        let (received, reply) =
            self.exchange(call, Operation::Create, &body.json, &|verdict, incoming| {
                read(verdict, incoming, read_create)
            })?;
        Ok(Greeting {
            conversation_id: reply.conversation_id.into(),
            response: reply.response,
            user_id: body.user_id,
            answer: answer(call, received),
        })
    }

    /// One turn of a conversation whose id was checked.
    pub(crate) fn respond(
        &self,
        call: &Call,
        conversation_id: &Arc<str>,
        request: &Respond,
    ) -> Result<Reply, Error> {
        let body = self
            .settings
            .dialect
            .respond_body(conversation_id, &request.0.fields)?;
        let interpret = |text: &str| {
            let dialect = self.settings.dialect;
            dialect.read_respond(text, conversation_id)
        };
        let (received, reply) =
            self.exchange(call, Operation::Respond, &body, &|verdict, incoming| {
                read(verdict, incoming, interpret)
            })?;
        Ok(Reply {
            conversation_id: Arc::clone(conversation_id),
            response: reply.response,
            end_conversation: reply.end_conversation,
            handoff: reply.handoff,
            answer: answer(call, received),
        })
    }

    /// Ends a conversation whose id was checked.
    pub(crate) fn close(
        &self,
        call: &Call,
        conversation_id: &str,
        request: &Close,
    ) -> Result<Closed, Error> {
        let body = self
            .settings
            .dialect
            .close_body(conversation_id, &request.0.fields)?;
        let (received, was_over) = self.exchange(call, Operation::Close, &body, &read_closed)?;
        Ok(Closed {
            was_over,
            answer: answer(call, received),
        })
    }

    fn exchange<T>(
        &self,
        call: &Call,
        operation: Operation,
        body: &[u8],
        interpret: Interpret<'_, T>,
    ) -> Result<(ReceivedHead, T), Error> {
        let exchange = Exchange {
            engine: self,
            call,
            operation,
            body,
        };
        // `Exchange` does not depend on the type of the reply, so that it is compiled once.
        let mut parsed = None;
        let received = exchange.run(&mut |verdict, incoming| {
            let (received, reply) = interpret(verdict, incoming)?;
            parsed = Some(reply);
            Ok(received)
        })?;
        let lost = || Error::internal("the parsed reply is missing");
        Ok((received, parsed.ok_or_else(lost)?))
    }
}

/// Reads an answer. Only one that is complete and makes sense leaves its connection to the next call.
fn read<T>(
    verdict: &Verdict<'_>,
    incoming: Incoming<'_>,
    interpret: impl FnOnce(&str) -> Result<T, Unreadable>,
) -> Result<(ReceivedHead, T), Error> {
    if !incoming.received.is_success() {
        return Err(verdict.on_status(&incoming.keep_connection()));
    }
    match interpreted(verdict, &incoming.received, interpret) {
        Ok(reply) => Ok((incoming.keep_connection(), reply)),
        Err(error) => Err(error),
    }
}

/// What a 2xx answer says.
pub(super) fn interpreted<T>(
    verdict: &Verdict<'_>,
    received: &ReceivedHead,
    interpret: impl FnOnce(&str) -> Result<T, Unreadable>,
) -> Result<T, Error> {
    let body = std::str::from_utf8(&received.body);
    body.map_err(Unreadable::NotText)
        .and_then(interpret)
        .map_err(|unreadable| verdict.on_unreadable(received, &unreadable))
}

/// Reads the answer to a close, and returns whether the conversation was over already.
fn read_closed(
    verdict: &Verdict<'_>,
    incoming: Incoming<'_>,
) -> Result<(ReceivedHead, bool), Error> {
    if !incoming.received.is_success() {
        let received = incoming.keep_connection();
        let error = verdict.on_status(&received);
        // To close, a conversation that is over is what was wanted.
        return match says_that_it_is_over(&error) {
            true => Ok((received, true)),
            false => Err(error),
        };
    }
    let (received, reply) = read(verdict, incoming, read_close)?;
    match reply.success {
        true => Ok((received, false)),
        false => Err(verdict.on_refused_close(&received)),
    }
}

pub(crate) fn check_conversation_id(id: &str) -> Result<(), Error> {
    match is_conversation_id(id) {
        true => Ok(()),
        false => Err(Error::invalid_argument(format!(
            "conversation_id must be the id that create returned, {CONVERSATION_ID}"
        ))),
    }
}

fn answer(call: &Call, received: ReceivedHead) -> Answer {
    let mut raw = String::from_utf8(received.body).unwrap_or_default();
    if raw.starts_with('\u{feff}') {
        raw.remove(0);
    }
    Answer {
        raw,
        headers: received.headers,
        correlation_id: Arc::clone(&call.correlation_id),
        elapsed: call.elapsed(),
    }
}
