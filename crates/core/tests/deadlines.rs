//! Every call ends by its deadline, in whatever phase it is, and tells the truth about what was sent.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod fixture;

use fixture::{BlackHole, PATIENCE, builder, client, config, simulator, slow_turn};
use polyai_chat_core::{
    Client, ConversationState, Create, Delivery, Error, ErrorKind, Phase, Respond,
};
use polyai_chat_simulator::{Action, Direction, Fault, Operation, Pause, Simulator, TlsIdentity};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// What a slow call is given, and by when it must have ended.
const DEADLINE: Duration = Duration::from_millis(300);
const BOUND: Duration = Duration::from_millis(1300);
/// Longer than any test waits.
const FOREVER_MS: u64 = 600_000;

/// Has the next turn misbehave and returns how it ended, having checked when.
fn respond_with(simulator: &Simulator, action: Action, request: Respond) -> Error {
    let conversation = client(simulator).create(Create::new()).unwrap();
    simulator
        .fail(Fault::new(action).on(Operation::Respond))
        .unwrap();
    let began = Instant::now();
    let error = conversation.respond(request.timeout(DEADLINE)).unwrap_err();
    let took = began.elapsed();
    assert!(took >= DEADLINE && took < BOUND, "{took:?}: {error}");
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Timeout, Delivery::Unknown),
        "{error}"
    );
    assert_eq!(conversation.state(), ConversationState::InDoubt);
    assert_eq!(simulator.requests_to(Operation::Respond), 1);
    error
}

#[test]
fn an_agent_that_thinks_too_long() {
    let simulator = simulator();
    let action = Action::Delay {
        before: Pause::Headers,
        ms: FOREVER_MS,
    };
    let error = respond_with(&simulator, action, Respond::new("a"));
    assert_eq!(error.phase(), Phase::Headers);
    assert!(
        error
            .message()
            .contains("0.3 s passed while waiting for the answer"),
        "{error}"
    );
    assert!(error.correlation_id().is_some());
}

#[test]
fn headers_that_come_a_byte_at_a_time() {
    let action = Action::Drip {
        part: Direction::Headers,
        bytes: 1,
        every_ms: 20,
    };
    assert_eq!(
        respond_with(&simulator(), action, Respond::new("a")).phase(),
        Phase::Headers
    );
}

#[test]
fn a_body_that_drips() {
    let action = Action::Drip {
        part: Direction::Body,
        bytes: 1,
        every_ms: 20,
    };
    let error = respond_with(&simulator(), action, Respond::new("a"));
    assert_eq!((error.phase(), error.status()), (Phase::Body, Some(200)));
}

#[test]
fn a_body_that_never_ends() {
    let action = Action::EndlessBody {
        bytes_per_second: 1_000_000,
    };
    assert_eq!(
        respond_with(&simulator(), action, Respond::new("a")).phase(),
        Phase::Body
    );
}

#[test]
fn a_server_that_does_not_read() {
    let simulator = builder()
        .receive_buffer(4096)
        .body_limit(64 * 1024 * 1024)
        .start()
        .unwrap();
    let action = Action::Drip {
        part: Direction::Request,
        bytes: 1,
        every_ms: 50,
    };
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator.fail(Fault::new(action)).unwrap();
    let began = Instant::now();
    let large = "x".repeat(32 * 1024 * 1024);
    let error = conversation
        .respond(Respond::new(large).timeout(DEADLINE))
        .unwrap_err();
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    assert_eq!(
        (error.kind(), error.delivery(), error.phase()),
        (ErrorKind::Timeout, Delivery::Unknown, Phase::Send),
        "{error}"
    );
}

#[test]
fn a_tls_handshake_that_stalls_is_not_sent() {
    let simulator = builder()
        .tls(TlsIdentity::generate().unwrap())
        .start()
        .unwrap();
    simulator
        .fail(Fault::new(Action::Delay {
            before: Pause::Handshake,
            ms: FOREVER_MS,
        }))
        .unwrap();
    let client = Client::new(config(&simulator.url())).unwrap();
    let began = Instant::now();
    let error = client.create(Create::new().timeout(DEADLINE)).unwrap_err();
    assert!(began.elapsed() < BOUND);
    assert_eq!(
        (error.kind(), error.delivery(), error.phase()),
        (ErrorKind::Timeout, Delivery::NotSent, Phase::Tls),
        "{error}"
    );
}

#[test]
fn connecting_may_take_only_its_share() {
    let simulator = builder()
        .tls(TlsIdentity::generate().unwrap())
        .start()
        .unwrap();
    simulator
        .fail(Fault::new(Action::Delay {
            before: Pause::Handshake,
            ms: FOREVER_MS,
        }))
        .unwrap();
    let client = Client::new(config(&simulator.url()).connect_timeout(DEADLINE)).unwrap();
    let began = Instant::now();
    let error = client.create(Create::new()).unwrap_err();
    assert!(began.elapsed() < BOUND);
    assert_eq!(
        (error.kind(), error.delivery(), error.phase()),
        (ErrorKind::Connect, Delivery::NotSent, Phase::Tls),
        "{error}"
    );
    assert!(
        error.message().contains("connect_timeout_ms = 300"),
        "{error}"
    );
}

#[test]
fn a_full_backlog_does_not_hold_a_call() {
    let black_hole = BlackHole::on_a_free_port();
    let client = Client::new(config(&format!("http://{}", black_hole.address))).unwrap();
    let began = Instant::now();
    let error = client.create(Create::new().timeout(DEADLINE)).unwrap_err();
    assert!(began.elapsed() < BOUND);
    assert_eq!(
        (error.kind(), error.delivery(), error.phase()),
        (ErrorKind::Timeout, Delivery::NotSent, Phase::Connect),
        "{error}"
    );
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Client::new(config(&url))
        .unwrap()
        .create(Create::new())
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery(), error.phase()),
        (ErrorKind::Connect, Delivery::NotSent, Phase::Connect)
    );
    assert!(
        error.message().contains(&url) && error.message().contains("refused"),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_turn_behind_another_waits_inside_its_own_deadline() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator.fail(slow_turn(Pause::Turn, FOREVER_MS)).unwrap();
    std::thread::scope(|scope| {
        let first = scope
            .spawn(|| conversation.respond(Respond::new("first").timeout(Duration::from_secs(3))));
        assert!(simulator.wait_for(
            |records| records.requests_to(Operation::Respond) == 1,
            PATIENCE
        ));
        let began = Instant::now();
        let error = conversation
            .respond(Respond::new("second").timeout(DEADLINE))
            .unwrap_err();
        assert!(began.elapsed() < BOUND);
        assert_eq!(
            (error.kind(), error.delivery(), error.phase()),
            (ErrorKind::Busy, Delivery::NotSent, Phase::Queue)
        );
        assert!(first.join().unwrap().is_err());
    });
    assert_eq!(simulator.requests_to(Operation::Respond), 1);
}

#[test]
fn a_lost_create_says_that_a_conversation_may_be_open() {
    let simulator = simulator();
    simulator
        .fail(Fault::new(Action::Delay {
            before: Pause::Headers,
            ms: FOREVER_MS,
        }))
        .unwrap();
    let error = client(&simulator)
        .create(Create::new().timeout(DEADLINE))
        .unwrap_err();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert!(
        error
            .message()
            .contains("a conversation may be open that nobody can reach"),
        "{error}"
    );
    assert_eq!(simulator.conversations().len(), 1);
}

#[test]
fn a_lost_reply_may_have_held_the_end() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator
        .fail(slow_turn(Pause::Headers, FOREVER_MS).once())
        .unwrap();
    conversation
        .respond(Respond::new("bye").timeout(DEADLINE))
        .unwrap_err();
    let error = conversation.respond("still there?").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConversationEnded);
    assert!(
        error
            .message()
            .contains("may have held the end or a handoff"),
        "{error}"
    );
}

#[test]
fn a_timeout_of_zero_or_forever_is_refused() {
    let simulator = simulator();
    let client = client(&simulator);
    for timeout in [Duration::ZERO, Duration::MAX, Duration::from_secs(86_401)] {
        let error = client.create(Create::new().timeout(timeout)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{timeout:?}");
    }
    assert_eq!(simulator.connections(), 0);
}
