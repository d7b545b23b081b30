//! Every call ends by its deadline, in whatever phase it is, and tells the truth about what was sent.
#![cfg(test)]

mod fixture;
#[path = "../../../tests/lateness.rs"]
mod lateness;

use fixture::{BlackHole, PATIENCE, builder, client, config, simulator};
use lateness::Lateness;
use polyai_chat_core::{
    Client, Clock, ConversationState, Create, Delivery, Error, ErrorKind, Phase, Respond,
};
use polyai_chat_simulator::{Action, Direction, Fault, Operation, Pause, TlsIdentity};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What a slow call is given, and by when it must have ended.
const DEADLINE: Duration = Duration::from_secs(1);
const BOUND: Duration = Duration::from_secs(2);
/// Longer than any test waits.
const FOREVER_MS: u64 = 600_000;

/// The error of a call, having checked that it came in time.
fn late<T>(call: impl FnOnce() -> Result<T, Error>) -> Error {
    let lateness = Lateness::measure();
    let error = call().map(drop).unwrap_err();
    let took = lateness.assert_within(BOUND);
    assert!(took >= DEADLINE, "{took:?}: {error}");
    error
}

#[test]
fn a_turn_that_is_slow_anywhere_ends_in_doubt() {
    let drip = |part| Action::drip(part, 1, 50);
    let silence = Action::delay(Pause::Headers, FOREVER_MS);
    let endless = Action::EndlessBody {
        bytes_per_second: 1_000_000,
    };
    for (action, phase, status) in [
        (silence, Phase::Headers, None),
        (drip(Direction::Headers), Phase::Headers, None),
        (drip(Direction::Body), Phase::Body, Some(200)),
        (endless, Phase::Body, Some(200)),
    ] {
        let simulator = simulator();
        let conversation = client(&simulator).create(Create::new()).unwrap();
        simulator
            .fail(Fault::new(action).on(Operation::Respond))
            .unwrap();
        let error = late(|| conversation.respond(Respond::new("a").timeout(DEADLINE)));
        fixture::check_in(&error, ErrorKind::Timeout, Delivery::Unknown, phase);
        assert_eq!(error.status(), status);
        let waited = error
            .message()
            .contains("1 s passed while waiting for the answer");
        assert!(waited || status.is_some(), "{error}");
        assert!(error.correlation_id().is_some());
        assert_eq!(conversation.state(), ConversationState::InDoubt);
        assert_eq!(simulator.requests_to(Operation::Respond), 1);
    }
}

#[test]
fn a_server_that_does_not_read() {
    let clock = Clock::movable();
    let (simulator, conversation) = fixture::slow_reader(50, &clock);
    // A call asks again and again only while it is blocked, and the only thing here that blocks is the writing.
    let asked = AtomicUsize::new(0);
    let large = Respond::new("x".repeat(fixture::MORE_THAN_IS_BUFFERED)).cancel_when(move || {
        if asked.fetch_add(1, Ordering::Relaxed) == 10 {
            clock.advance(PATIENCE);
        }
        false
    });
    let error = conversation.respond(large).unwrap_err();
    fixture::check_in(&error, ErrorKind::Timeout, Delivery::Unknown, Phase::Send);
    drop(simulator);
}

#[test]
fn a_connection_that_does_not_come_about_is_not_sent() {
    let black_hole = BlackHole::on_a_free_port();
    let simulator = builder()
        .tls(TlsIdentity::generate().unwrap())
        .fault(Fault::new(Action::delay(Pause::Handshake, FOREVER_MS)))
        .start()
        .unwrap();
    let stalls = config(&simulator.url());
    let full = config(&format!("http://{}", black_hole.address));
    let in_all = Create::new().timeout(DEADLINE);
    let share = (stalls.clone().connect_timeout(DEADLINE), Create::new());
    for ((config, request), kind, phase) in [
        ((stalls, in_all.clone()), ErrorKind::Timeout, Phase::Tls),
        (share, ErrorKind::Connect, Phase::Tls),
        ((full, in_all), ErrorKind::Timeout, Phase::Connect),
    ] {
        let client = Client::new(config.max_attempts(1)).unwrap();
        let error = late(|| client.create(request));
        fixture::check_in(&error, kind, Delivery::NotSent, phase);
        let of_share = error.message().contains("connect_timeout_ms = 1000");
        assert_eq!(of_share, kind == ErrorKind::Connect, "{error}");
    }
}
