//! The most important promises once more, against a server of plain sockets that counts the bytes for itself.
#![cfg(test)]

#[path = "../../../lateness.rs"]
mod lateness;
mod server;

use lateness::Lateness;
use polyai_chat_core::{
    Client, Config, Conversation, ConversationState, Create, Delivery, Error, ErrorKind, Respond,
};
use server::{PATIENCE, Peer, Request, Seen, Server};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_millis(600);
/// How late a call may end.
const LATE: Duration = Duration::from_secs(1);

fn client(server: &Server) -> Client {
    let config = Config::new()
        .base_url(server.url())
        .account_id("acme-uk")
        .project_id("acme-team-4")
        .api_key("key")
        .token("token")
        .timeout(PATIENCE)
        .backoff(Duration::from_millis(5));
    Client::new(config).unwrap()
}

fn open(server: &Server) -> (Client, Conversation) {
    let client = client(server);
    let conversation = client.create(Create::new()).unwrap();
    (client, conversation)
}

fn responds(seen: &[Seen]) -> Vec<&Request> {
    seen.iter()
        .flat_map(|connection| &connection.requests)
        .filter(|request| request.is_for("respond"))
        .collect()
}

/// Greets, lets the conversation's first turn be dealt with by `then`, and returns how the turn ended.
fn first_turn(
    request: impl Into<Respond>,
    then: impl Fn(Peer, Request) + Send + Sync + 'static,
) -> (
    Result<String, Error>,
    Duration,
    ConversationState,
    Vec<Seen>,
) {
    let server = Server::start(move |mut peer| {
        while let Some(request) = peer.request() {
            if request.is_for("respond") {
                return then(peer, request);
            }
            peer.greet();
        }
    });
    let (client, conversation) = open(&server);
    let began = Instant::now();
    let outcome = conversation.respond(request);
    let elapsed = began.elapsed();
    let state = conversation.state();
    drop((conversation, client));
    (
        outcome.map(|reply| reply.response().to_owned()),
        elapsed,
        state,
        server.finish(),
    )
}

fn assert_unknown_and_sent_once(error: &Error, state: ConversationState, seen: &[Seen]) {
    assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
    assert!(!error.may_resend());
    assert_eq!(error.attempts().len(), 1, "{error:?}");
    assert_eq!(state, ConversationState::InDoubt);
    assert_eq!(seen.len(), 1, "another connection was opened");
    assert_eq!(responds(seen).len(), 1);
}

#[test]
fn a_reset_after_the_whole_request_is_unknown_and_never_sent_again() {
    let (outcome, _, state, seen) = first_turn("Where is my order?", |peer, _| peer.reset());
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert_unknown_and_sent_once(&error, state, &seen);
}

/// The server is done with the kept connection before the turn begins.
fn after_the_idle_connection(
    ended: impl Fn(Peer, &Sender<()>) + Send + Sync + 'static,
) -> Vec<Seen> {
    let (tell, told): (_, Receiver<()>) = mpsc::channel();
    let server = Server::start(move |mut peer| {
        while let Some(request) = peer.request() {
            if request.is_for("respond") {
                peer.reply(r#"{"conversation_id": "c-1", "response": "Tomorrow."}"#);
                continue;
            }
            peer.greet();
            return ended(peer, &tell);
        }
    });
    let (client, conversation) = open(&server);
    told.recv_timeout(PATIENCE).unwrap();
    let reply = conversation.respond("Where is my order?").unwrap();
    assert_eq!(reply.response(), "Tomorrow.");
    let attempts = client.metrics().attempts;
    assert_eq!(attempts, 2, "a stale connection costs no attempt");
    drop((conversation, client));
    server.finish()
}

fn assert_replaced(seen: &[Seen]) {
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(responds(&seen[..1]).len(), 0);
    assert_eq!(responds(seen).len(), 1);
    let created = &seen[0].requests[0];
    assert_eq!(
        seen[0].bytes,
        created.head.len() + created.body.len(),
        "bytes were written to a connection that was over"
    );
}

#[test]
fn an_idle_connection_that_was_closed_is_replaced_at_no_cost() {
    assert_replaced(&after_the_idle_connection(|peer, tell| {
        drop(peer);
        tell.send(()).unwrap();
    }));
}

#[test]
fn an_idle_connection_that_was_reset_is_replaced_at_no_cost() {
    assert_replaced(&after_the_idle_connection(|peer, tell| {
        peer.reset();
        tell.send(()).unwrap();
    }));
}

#[test]
fn a_gateways_goodbye_on_an_idle_connection_is_nobodys_reply() {
    assert_replaced(&after_the_idle_connection(|mut peer, tell| {
        peer.say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        drop(peer);
        tell.send(()).unwrap();
    }));
}

#[test]
fn a_reply_that_nobody_has_asked_for_is_nobodys_reply() {
    assert_replaced(&after_the_idle_connection(|mut peer, tell| {
        // The client may have left already, if it saw this together with the greeting.
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"response\": \"wrong\"}");
        tell.send(()).unwrap();
        assert!(peer.hears_nothing());
    }));
}

#[test]
fn a_connection_that_was_closed_by_half_is_replaced_at_no_cost() {
    assert_replaced(&after_the_idle_connection(|mut peer, tell| {
        peer.shut_down_writing();
        tell.send(()).unwrap();
        assert!(peer.hears_nothing());
    }));
}

#[test]
fn a_connection_that_closes_while_the_turn_is_written_is_unknown() {
    let server = Server::start(|mut peer| {
        if peer.request().is_some() {
            peer.greet();
            // The first bytes of the turn have come: the check of the idle connection is behind the client.
            peer.some_bytes();
        }
    });
    let (client, conversation) = open(&server);
    let error = conversation.respond("Where is my order?").unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Connect, Delivery::Unknown),
        "{error}"
    );
    assert_eq!(error.attempts().len(), 1);
    assert!(error.attempts()[0].reused_connection);
    drop((conversation, client));
    let seen = server.finish();
    assert_eq!(seen.len(), 1, "the turn was sent again");
}

#[test]
fn an_hour_to_wait_is_the_callers_decision() {
    let (outcome, elapsed, state, seen) = first_turn("Where is my order?", |mut peer, _| {
        peer.say(
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n",
        );
        assert!(peer.request().is_none(), "it was sent again");
    });
    let error = outcome.unwrap_err();
    assert!(elapsed < PATIENCE / 2, "{elapsed:?}");
    assert_eq!(
        (error.kind(), error.delivery(), error.retry_after()),
        (
            ErrorKind::RateLimited,
            Delivery::Rejected,
            Some(Duration::from_secs(3600))
        ),
        "{error}"
    );
    assert_eq!(state, ConversationState::Open);
    assert_eq!(responds(&seen).len(), 1);
}

#[test]
fn a_refused_turn_is_sent_again_unchanged() {
    let (outcome, _, state, seen) = first_turn("Where is my order?", |mut peer, first| {
        peer.say("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
        let second = peer.request().unwrap();
        assert_eq!((second.head, second.body), (first.head, first.body));
        peer.reply(r#"{"conversation_id": "c-1", "response": "Tomorrow."}"#);
    });
    assert_eq!(outcome.unwrap(), "Tomorrow.");
    assert_eq!(state, ConversationState::Open);
    assert_eq!(responds(&seen).len(), 2);
    let id = "X-PolyAI-Correlation-Id";
    let ids: Vec<_> = responds(&seen).iter().map(|turn| turn.header(id)).collect();
    assert!(ids[0].is_some() && ids[0] == ids[1], "{ids:?}");
}

#[test]
fn a_reply_that_drips_ends_by_the_deadline_wherever_it_drips() {
    let complete =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n";
    for at_once in [0, 20, complete.len()] {
        let turn = Respond::new("Where is my order?").timeout(DEADLINE);
        let lateness = Lateness::measure();
        let (outcome, elapsed, state, seen) = first_turn(turn, move |mut peer, _| {
            let (now, later) = complete.split_at(at_once);
            peer.say(now);
            peer.drip(later, Duration::from_millis(20));
        });
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{at_once}: {error}");
        lateness.assert_within(DEADLINE + LATE);
        assert!(elapsed >= DEADLINE, "{at_once}: {elapsed:?}");
        assert_unknown_and_sent_once(&error, state, &seen);
    }
}

#[test]
fn chunks_that_end_too_early_or_are_none_are_unknown() {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    for chunks in [
        "8\r\n{\"respon",
        "14\r\n{\"response\": \"Hello\"}\r\n",
        "ZZ\r\n{\"response\": \"Hello\"}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}",
    ] {
        let (outcome, _, state, seen) = first_turn("Where is my order?", move |mut peer, _| {
            peer.say(head);
            peer.say(chunks);
        });
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{chunks:?}: {error}");
        assert_unknown_and_sent_once(&error, state, &seen);
    }
}

#[test]
fn answers_that_come_ahead_of_the_reply_are_not_the_reply() {
    let (outcome, _, state, seen) = first_turn("Where is my order?", |mut peer, _| {
        peer.say("HTTP/1.1 100 Continue\r\n\r\n");
        peer.say("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n");
        peer.reply(r#"{"conversation_id": "c-1", "response": "Tomorrow."}"#);
    });
    assert_eq!(outcome.unwrap(), "Tomorrow.");
    assert_eq!(state, ConversationState::Open);
    assert_eq!(responds(&seen).len(), 1);
}
