//! One cell of the matrix: one call under one fault.

use crate::bench::{Bench, Materials};
use crate::expectation::Expectation;
use crate::observation::Observation;
use crate::row::{PATIENCE, Row, Trouble};
use crate::transport::{TRANSPORTS, Transport};
use polyai_chat_core::{
    Client, Close, ConversationState, Create, Error, ErrorKind, Operation, Respond,
};
use polyai_chat_simulator::{Action, Dialect, Fault, ReceivedRequest};
use serde_json::json;
use std::fmt;
use std::time::{Duration, Instant};

/// By which the server's record of the call is found.
const CORRELATION_ID: &str = "the-call-under-test";
const CORRELATION_HEADER: &str = "X-PolyAI-Correlation-Id";
/// The variable that holds words of the only cells to run.
pub(crate) const ONLY: &str = "POLYAI_CELL";
/// What a call names that cannot get through anyway.
const NO_CONVERSATION: &str = "no-conversation";

pub(crate) struct Cell<'a> {
    row: &'a Row,
    operation: Operation,
    dialect: Dialect,
    transport: &'static Transport,
    /// The call goes over a connection that has carried another one.
    kept: bool,
}

/// Every cell in which its row's fault can happen.
pub(crate) fn all(rows: &[Row]) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    for row in rows {
        for operation in [Operation::Create, Operation::Respond, Operation::Close] {
            for dialect in [Dialect::Current, Dialect::Legacy] {
                for transport in TRANSPORTS {
                    for kept in [false, true] {
                        if row.concerns(operation, dialect, transport, kept) {
                            cells.push(Cell {
                                row,
                                operation,
                                dialect,
                                transport,
                                kept,
                            });
                        }
                    }
                }
            }
        }
    }
    cells
}

impl Cell<'_> {
    pub(crate) fn expectation(&self) -> &Expectation {
        self.row.expectation(self.operation).unwrap()
    }

    pub(crate) fn is_direct(&self) -> bool {
        self.transport.is_direct()
    }

    pub(crate) fn is_timed(&self) -> bool {
        self.row.is_timed
    }

    /// Runs it. Where time is its subject, everything that it takes is stretched so much.
    pub(crate) fn run(&self, materials: &Materials, stretch: u32) -> Observation {
        let bench = Bench::new(materials, self.row, self.dialect, self.transport, stretch);
        let client = bench.client();
        let conversation_id = self.prepare(&bench, &client);
        self.arm(&bench, stretch);
        let deadline = self.row.deadline * stretch;

        let attempts_before = client.metrics().attempts;
        let began = Instant::now();
        let (outcome, state) = self.call(&client, &conversation_id, deadline);
        let elapsed = began.elapsed();
        let lateness = materials.lateness.worst_since(began);
        let attempts = client.metrics().attempts - attempts_before;
        bench.simulator.clear_faults();
        if self.row.trouble.ends_connection_after_reply() {
            // Or the next call could meet the end while it writes.
            self.wait_until_closed(&bench);
        }
        let afterwards = match self.row.trouble.lets_calls_through() {
            true => self.go_on(&client).err(),
            false => None,
        };
        drop(client);
        let left_open = bench.settle();

        let received = received(&bench);
        let ledger = self.ledger(&bench, &conversation_id, &received);
        Observation {
            operation: self.operation,
            deadline,
            refuses_with_503: self.row.options.contains(&("retry_503", "true")),
            error: outcome.err(),
            elapsed,
            lateness,
            attempts,
            state,
            received,
            ledger,
            afterwards,
            left_open,
        }
    }

    /// The command that runs this cell alone.
    pub(crate) fn command(&self) -> String {
        let quoted = self.to_string().replace('\'', r"'\''");
        format!(
            "{ONLY}='{quoted}' cargo test --locked -p polyai-chat-faults --test matrix every_fault -- --nocapture"
        )
    }

    /// Opens the conversation that the call is about, and the connection where one is to be kept.
    fn prepare(&self, bench: &Bench, client: &Client) -> String {
        if !self.row.trouble.lets_calls_through() {
            return NO_CONVERSATION.to_owned();
        }
        if let Trouble::IdleEnded { by_reset } = self.row.trouble {
            let action = Action::CloseIdle {
                after_ms: 1,
                reset: by_reset,
            };
            bench.simulator.fail(Fault::new(action)).unwrap();
        }
        let creator = if self.kept {
            client
        } else {
            &bench.usual_client()
        };
        let conversation = creator.create(Create::new()).unwrap();
        conversation.id().to_owned()
    }

    fn arm(&self, bench: &Bench, stretch: u32) {
        let (actions, once) = match &self.row.trouble {
            Trouble::Always(actions) => (actions, false),
            Trouble::Once(actions) => (actions, true),
            Trouble::IdleEnded { .. } => {
                self.wait_until_closed(bench);
                bench.simulator.clear_faults();
                return;
            }
            Trouble::NobodyListens | Trouble::Certificate(..) => return,
        };
        for action in actions {
            let fault = Fault::new(stretched(action.clone(), stretch));
            // What happens before the request is read cannot know its operation.
            let fault = match fault.clone().on(self.simulated_operation()) {
                narrowed if narrowed.check().is_ok() => narrowed,
                _ => fault,
            };
            let fault = if once { fault.once() } else { fault };
            bench.simulator.fail(fault).unwrap();
        }
    }

    fn wait_until_closed(&self, bench: &Bench) {
        let closed = bench
            .simulator
            .wait_for(|seen| seen.counts().open_connections == 0, PATIENCE);
        assert!(closed, "{self}: a connection is still open");
    }

    fn go_on(&self, client: &Client) -> Result<(), String> {
        if self.row.trouble.ends_connection_after_reply() {
            // The kernel of a busy machine delivers a reset a moment after the server has sent it: it may meet a call, which
            // then truthfully does not know. The calls after that must not.
            match client.create(Create::new()) {
                Err(error) if error.kind() == ErrorKind::Connect => {}
                outcome => {
                    outcome.map_err(|error| format!("create: {error}"))?;
                }
            }
        }
        go_on(client)
    }

    fn simulated_operation(&self) -> polyai_chat_simulator::Operation {
        match self.operation {
            Operation::Create => polyai_chat_simulator::Operation::Create,
            Operation::Respond => polyai_chat_simulator::Operation::Respond,
            Operation::Close => polyai_chat_simulator::Operation::Close,
        }
    }

    fn call(
        &self,
        client: &Client,
        conversation_id: &str,
        deadline: Duration,
    ) -> (Result<(), Error>, Option<ConversationState>) {
        let padding = json!({"padding": "x".repeat(self.row.padding)});
        match self.operation {
            Operation::Create => {
                let request = Create::new()
                    .extra(padding)
                    .timeout(deadline)
                    .correlation_id(CORRELATION_ID);
                (client.create(request).map(drop), None)
            }
            Operation::Respond => {
                let conversation = client.attach(conversation_id).unwrap();
                let request = Respond::new("Where is my order?")
                    .extra(padding)
                    .timeout(deadline)
                    .correlation_id(CORRELATION_ID);
                let outcome = conversation.respond(request).map(drop);
                (outcome, Some(conversation.state()))
            }
            Operation::Close => {
                let request = Close::new()
                    .extra(padding)
                    .timeout(deadline)
                    .correlation_id(CORRELATION_ID);
                (
                    client
                        .close_conversation(conversation_id, request)
                        .map(drop),
                    None,
                )
            }
        }
    }

    /// What the call changed in the service, by the service's books and not by its record of requests.
    fn ledger(&self, bench: &Bench, conversation_id: &str, received: &[ReceivedRequest]) -> u64 {
        match self.operation {
            Operation::Create => {
                let others = bench
                    .simulator
                    .received()
                    .iter()
                    .filter(|request| {
                        request.processed
                            && request.operation == Some(self.simulated_operation())
                            && received.iter().all(|own| own.number != request.number)
                    })
                    .count();
                bench.simulator.counts().created - u64::try_from(others).unwrap()
            }
            Operation::Respond => bench
                .simulator
                .conversation(conversation_id)
                .map_or(0, |conversation| conversation.turns),
            Operation::Close => bench
                .simulator
                .conversation(conversation_id)
                .map_or(0, |conversation| u64::from(conversation.closed)),
        }
    }
}

/// What the server does, so much slower.
fn stretched(mut action: Action, stretch: u32) -> Action {
    match &mut action {
        Action::Drip { every_ms, .. } => *every_ms *= u64::from(stretch),
        Action::EndlessBody { bytes_per_second } => *bytes_per_second /= u64::from(stretch),
        _ => {}
    }
    action
}

/// What the server has read of the call.
fn received(bench: &Bench) -> Vec<ReceivedRequest> {
    let mut received = bench.simulator.received();
    received.retain(|request| request.header(CORRELATION_HEADER) == Some(CORRELATION_ID));
    received
}

/// The trouble is over: the same client must work as if nothing had been, and get its own answers.
fn go_on(client: &Client) -> Result<(), String> {
    let conversation = client
        .create(Create::new())
        .map_err(|error| format!("create: {error}"))?;
    for words in ["first", "second"] {
        let reply = conversation
            .respond(words)
            .map_err(|error| format!("respond: {error}"))?;
        if reply.response() != format!("You said: {words}") {
            return Err(format!("{words:?} was answered {:?}", reply.response()));
        }
    }
    let metrics = client.metrics();
    match (
        metrics.failures(ErrorKind::Internal),
        metrics.calls_in_flight,
    ) {
        (0, 0) => Ok(()),
        _ => Err(format!("{metrics:?}")),
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} [{}, {}, {}, {} connection]",
            self.row.words,
            self.operation,
            self.dialect.name(),
            self.transport.name,
            if self.kept { "kept" } else { "new" }
        )
    }
}
