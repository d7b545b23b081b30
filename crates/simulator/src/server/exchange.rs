//! One request and its reply.

use super::delivery::{self, Delivery};
use super::plan::{CloseIdle, Cut, Plan};
use crate::control;
use crate::fault::{Moment, Occasion, Pause, Stage};
use crate::records::{ReceivedRequest, UNNUMBERED};
use crate::service::refusal::Refusal;
use crate::service::substitute;
use crate::service::{self, Request, Route};
use crate::shared::Shared;
use crate::wire::body::{self, BadBody};
use crate::wire::head::{BadHead, Head};
use crate::wire::reply::{ConnectionLine, Reply, ReplyBody};
use crate::wire::stream::Wire;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// What becomes of the connection after an exchange.
#[derive(Debug)]
pub(super) enum After {
    KeepOpen(Option<CloseIdle>),
    Cut(Cut),
    /// Bytes of a refused request are still coming.
    CloseWhenRead,
}

pub(super) async fn run(
    wire: &mut Wire,
    shared: &Arc<Shared>,
    connection: u64,
    request_on_connection: u64,
) -> io::Result<After> {
    let head = match read_head(wire).await? {
        Ok(head) => head,
        Err(bad) => return refuse_head(wire, shared, bad).await,
    };
    let route = Route::of(head.path());
    let number = shared.change(|state| match route {
        Route::Own => UNNUMBERED,
        Route::Chat { .. } | Route::Nowhere => state.records.next_number(),
    });
    let plan = match route {
        Route::Own => Plan::default(),
        Route::Chat { .. } | Route::Nowhere => Plan::of(shared.happening(&Occasion {
            stage: Stage::Request,
            connection,
            request_on_connection: Some(request_on_connection),
            request: Some(number),
            operation: route.operation(),
        })),
    };
    let mut exchange = Exchange {
        shared,
        correlation_id: correlation_id(&head),
        received: ReceivedRequest {
            number,
            connection,
            number_on_connection: request_on_connection,
            method: head.method.clone(),
            target: head.target.clone(),
            headers: head.headers.clone(),
            body: Vec::new(),
            complete: false,
            operation: route.operation(),
            conversation_id: None,
            processed: false,
            status: None,
            replied: false,
            received_at: SystemTime::now(),
        },
        head,
        route,
        plan,
    };
    exchange.go_on(wire).await
}

struct Exchange<'a> {
    shared: &'a Arc<Shared>,
    head: Head,
    route: Route,
    plan: Plan,
    correlation_id: String,
    received: ReceivedRequest,
}

impl Exchange<'_> {
    async fn go_on(&mut self, wire: &mut Wire) -> io::Result<After> {
        if let Some(cut) = self.plan.cut(Moment::AfterHead) {
            self.record();
            return Ok(After::Cut(cut));
        }
        if let Err(bad) = self.read_body(wire).await {
            self.record();
            return self.refuse_body(wire, &bad).await;
        }
        self.received.complete = true;
        self.received.received_at = SystemTime::now();
        self.received.conversation_id = service::named_conversation(&self.received.body);
        self.record();
        if let Some(cut) = self.plan.cut(Moment::AfterRequest) {
            return Ok(After::Cut(cut));
        }
        wire.pause(self.plan.delay(Pause::Turn)).await?;
        self.act_and_reply(wire).await
    }

    async fn act_and_reply(&mut self, wire: &mut Wire) -> io::Result<After> {
        let (mut reply, thinking, turn) = self.act();
        if self.head.method == "HEAD" {
            reply.body = ReplyBody::Bytes(Vec::new());
        }
        if self.route != Route::Own {
            self.note(|received| received.status = Some(reply.status));
            self.shared
                .change(|state| state.records.counts.replied(reply.status));
        }
        wire.pause(thinking).await?;
        let delivery = Delivery {
            plan: &self.plan,
            correlation_id: &self.correlation_id,
            connection: self.connection_line(),
        };
        let delivered = delivery::send(wire, reply, &delivery).await?;
        drop(turn);
        if delivered.complete && self.route != Route::Own {
            self.note(|received| received.replied = true);
            self.shared
                .change(|state| state.records.counts.complete_replies += 1);
        }
        Ok(delivered.then)
    }

    fn act(&mut self) -> (Reply, Duration, Option<service::TurnInFlight>) {
        if self.route == Route::Own {
            let reply = control::answer(self.shared, &self.head, &self.received.body);
            return (reply, Duration::ZERO, None);
        }
        let answer = self.plan.answer.as_ref().map(|answer| {
            (
                answer.processed,
                substitute::reply(
                    answer,
                    "A fault that was set in the simulator",
                    &self.correlation_id,
                ),
            )
        });
        if let Some((false, reply)) = answer {
            return (reply, Duration::ZERO, None);
        }
        let decision = service::act(
            self.shared,
            &Request {
                head: &self.head,
                body: &self.received.body,
                route: &self.route,
                correlation_id: &self.correlation_id,
            },
        );
        self.note(|received| {
            received.processed = decision.processed;
            if received.conversation_id.is_none() {
                received
                    .conversation_id
                    .clone_from(&decision.conversation_id);
            }
        });
        let reply = answer.map_or(decision.reply, |(_, reply)| reply);
        (reply, decision.thinking, decision.turn)
    }

    async fn read_body(&mut self, wire: &mut Wire) -> Result<(), BadBody> {
        let framing = self.head.framing().map_err(|_| BadBody::Malformed)?;
        if self.head.expects_continue() && wire.buffer.is_empty() {
            wire.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let limit = self.shared.settings.body_limit;
        body::read(wire, framing, limit, &mut self.received.body).await
    }

    async fn refuse_body(&mut self, wire: &mut Wire, bad: &BadBody) -> io::Result<After> {
        let limit = self.shared.settings.body_limit;
        let refusal = match bad {
            BadBody::Lost => return Err(io::ErrorKind::ConnectionAborted.into()),
            BadBody::Malformed => {
                Refusal::schema("The body's length or chunks are not valid HTTP/1.1")
            }
            BadBody::TooLarge => Refusal::new(
                413,
                "BODY_TOO_LARGE",
                format!("The body is larger than {limit} bytes"),
            ),
        };
        self.note(|received| received.status = Some(refusal.status));
        refuse(wire, self.shared, &refusal, &self.correlation_id).await
    }

    fn connection_line(&self) -> ConnectionLine {
        match (self.head.keeps_alive(), self.head.minor_version) {
            (false, _) => ConnectionLine::Close,
            (true, 0) => ConnectionLine::KeepAlive,
            (true, _) => ConnectionLine::Absent,
        }
    }

    fn record(&self) {
        if self.route != Route::Own {
            self.shared
                .change(|state| state.records.add(self.received.clone()));
        }
    }

    /// Notes something about the request, here and in the record.
    fn note(&self, note: impl FnOnce(&mut ReceivedRequest)) {
        self.shared.change(|state| {
            if let Some(received) = state.records.request_mut(self.received.number) {
                note(received);
            }
        });
    }
}

async fn read_head(wire: &mut Wire) -> io::Result<Result<Head, BadHead>> {
    loop {
        // An empty line before a request line is allowed, and some clients send it.
        while wire.buffer.starts_with(b"\r\n") {
            wire.take(2);
        }
        match Head::parse(&wire.buffer) {
            Ok(Some((head, length))) => {
                wire.take(length);
                return Ok(Ok(head));
            }
            Ok(None) => {}
            Err(bad) => return Ok(Err(bad)),
        }
        if wire.fill().await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn refuse_head(wire: &mut Wire, shared: &Shared, bad: BadHead) -> io::Result<After> {
    let refusal = match bad {
        BadHead::Malformed => Refusal::new(400, "BAD_REQUEST", "This is not an HTTP/1.1 request"),
        BadHead::TooLarge => Refusal::new(
            431,
            "HEADERS_TOO_LARGE",
            "The request's headers are too large",
        ),
    };
    refuse(wire, shared, &refusal, &Uuid::new_v4().to_string()).await
}

async fn refuse(
    wire: &mut Wire,
    shared: &Shared,
    refusal: &Refusal,
    correlation_id: &str,
) -> io::Result<After> {
    shared.change(|state| state.records.counts.replied(refusal.status));
    let delivery = Delivery {
        plan: &Plan::default(),
        correlation_id,
        connection: ConnectionLine::Close,
    };
    delivery::send(wire, refusal.reply(correlation_id), &delivery).await?;
    shared.change(|state| state.records.counts.complete_replies += 1);
    Ok(After::CloseWhenRead)
}

/// The client's id, or one of our own making where it sent none.
fn correlation_id(head: &Head) -> String {
    match head.any_case("X-PolyAI-Correlation-Id") {
        Some((_, id)) if !id.is_empty() => id.to_owned(),
        _ => Uuid::new_v4().to_string(),
    }
}
