//! One call is cancelled from another thread, in every phase; the others go on.
#![cfg(test)]

mod fixture;
#[path = "../../../tests/lateness.rs"]
mod lateness;

use fixture::{BlackHole, PATIENCE, builder, client, config, simulator, slow_turn};
use lateness::Lateness;
use polyai_chat_core::{
    CancelToken, Client, Clock, Create, Delivery, Error, ErrorKind, Phase, Respond,
};
use polyai_chat_simulator::{Action, Direction, Fault, Operation, Pause, Records, TlsIdentity};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const BOUND: Duration = Duration::from_secs(1);
const FOREVER_MS: u64 = 600_000;

/// Runs `call` on a thread, cancels it once `ready`, and returns its error, having checked that it came at once.
fn cancel_when<T: Send>(
    token: &CancelToken,
    call: impl FnOnce() -> Result<T, Error> + Send,
    ready: impl FnOnce(),
) -> Error {
    thread::scope(|scope| {
        let running = scope.spawn(call);
        ready();
        let lateness = Lateness::measure();
        token.cancel();
        let outcome = running.join().unwrap();
        lateness.assert_within(BOUND);
        outcome.map(drop).unwrap_err()
    })
}

/// A check that never cancels, and how often it was asked.
fn counted() -> (Arc<AtomicUsize>, impl Fn() -> bool + Send + Sync) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let count = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    (asked, count)
}

/// A call asks again and again only while it is blocked.
fn until_blocked(asked: &AtomicUsize) {
    let began = Instant::now();
    while asked.load(Ordering::Relaxed) < 10 {
        assert!(began.elapsed() < PATIENCE, "the call is not blocked");
        thread::sleep(Duration::from_millis(1));
    }
}

fn respond_arrived(records: &Records) -> bool {
    records.requests_to(Operation::Respond) > 0
}

/// The error of a turn that is cancelled after so many turns of somebody else, which take longer than the head of its answer where
/// there is one.
fn cancelled_during(action: &Action, turns: usize) -> Error {
    let simulator = simulator();
    let client = client(&simulator);
    let conversation = client.create(Create::new()).unwrap();
    let other = client.create(Create::new()).unwrap();
    simulator
        .fail(Fault::new(action.clone()).on(Operation::Respond).once())
        .unwrap();
    let token = CancelToken::new();
    let error = cancel_when(
        &token,
        || conversation.respond(Respond::new("a").cancel(&token)),
        || {
            assert!(simulator.wait_for(respond_arrived, PATIENCE));
            for _ in 0..turns {
                other.respond("meanwhile").unwrap();
            }
        },
    );
    assert_eq!(conversation.respond("b").unwrap().response(), "You said: b");
    error
}

#[test]
fn while_the_agent_thinks_and_while_the_reply_drips() {
    for (action, phase) in [
        (Action::delay(Pause::Headers, FOREVER_MS), Phase::Headers),
        (Action::delay(Pause::Body, FOREVER_MS), Phase::Body),
        (Action::drip(Direction::Body, 1, 5000), Phase::Body),
    ] {
        // On a busy machine the thread of the call may have read nothing after one turn.
        let error = [1, 30, 1_000]
            .into_iter()
            .map(|turns| cancelled_during(&action, turns))
            .find(|error| error.phase() == phase)
            .unwrap_or_else(|| panic!("never cancelled in {phase:?}"));
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Cancelled, Delivery::Unknown),
            "{error}"
        );
    }
}

#[test]
fn while_the_handshake_stalls() {
    let simulator = builder()
        .tls(TlsIdentity::generate().unwrap())
        .start()
        .unwrap();
    simulator
        .fail(Fault::new(Action::delay(Pause::Handshake, FOREVER_MS)))
        .unwrap();
    let client = Client::new(config(&simulator.url())).unwrap();
    let token = CancelToken::new();
    let error = cancel_when(
        &token,
        || client.create(Create::new().cancel(&token)),
        || assert!(simulator.wait_for(|records| records.counts().connections == 1, PATIENCE)),
    );
    fixture::check(&error, ErrorKind::Cancelled, Delivery::NotSent);
    assert!(
        matches!(error.phase(), Phase::Tls | Phase::Connect),
        "{error:?}"
    );
}

#[test]
fn while_connecting() {
    let black_hole = BlackHole::on_a_free_port();
    let client = Client::new(config(&format!("http://{}", black_hole.address))).unwrap();
    let token = CancelToken::new();
    let (asked, count) = counted();
    let request = Create::new().cancel(&token).cancel_when(count);
    let error = cancel_when(&token, || client.create(request), || until_blocked(&asked));
    fixture::check(&error, ErrorKind::Cancelled, Delivery::NotSent);
}

#[test]
fn while_the_request_is_being_written() {
    let (_simulator, conversation) = fixture::slow_reader(1000, &Clock::default());
    let token = CancelToken::new();
    let (asked, count) = counted();
    let large = Respond::new("x".repeat(fixture::MORE_THAN_IS_BUFFERED));
    let large = large.cancel(&token).cancel_when(count);
    let error = cancel_when(
        &token,
        || conversation.respond(large),
        || until_blocked(&asked),
    );
    assert_eq!(
        (error.kind(), error.delivery(), error.phase()),
        (ErrorKind::Cancelled, Delivery::Unknown, Phase::Send),
        "{error}"
    );
}

#[test]
fn while_waiting_for_an_earlier_turn() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator.fail(slow_turn(Pause::Turn, FOREVER_MS)).unwrap();
    let (first, second) = (CancelToken::new(), CancelToken::new());
    thread::scope(|scope| {
        let running = scope.spawn(|| conversation.respond(Respond::new("first").cancel(&first)));
        assert!(simulator.wait_for(respond_arrived, PATIENCE));
        let error = cancel_when(
            &second,
            || conversation.respond(Respond::new("second").cancel(&second)),
            || {
                while !format!("{second:?}").contains("calls_under_way: 1") {
                    thread::yield_now();
                }
            },
        );
        assert_eq!(
            (error.kind(), error.delivery(), error.phase()),
            (ErrorKind::Cancelled, Delivery::NotSent, Phase::Queue)
        );
        first.cancel();
        assert_eq!(
            running.join().unwrap().unwrap_err().delivery(),
            Delivery::Unknown
        );
    });
    assert_eq!(simulator.requests_to(Operation::Respond), 1);
}

#[test]
fn when_nothing_runs_it_does_nothing() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    let token = CancelToken::new();
    token.cancel();
    assert!(
        conversation
            .respond(Respond::new("a").cancel(&token))
            .is_ok()
    );
    token.cancel();
    assert!(
        conversation
            .respond(Respond::new("b").cancel(&token))
            .is_ok()
    );
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn the_callers_own_check_ends_the_call() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator
        .fail(slow_turn(Pause::Headers, FOREVER_MS).once())
        .unwrap();
    let pressed = Arc::new(AtomicBool::new(false));
    let (check, caller) = (Arc::clone(&pressed), thread::current().id());
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            assert!(simulator.wait_for(respond_arrived, PATIENCE));
            pressed.store(true, Ordering::Relaxed);
        });
        let began = Instant::now();
        let request = Respond::new("a").cancel_when(move || {
            assert_eq!(
                thread::current().id(),
                caller,
                "the check runs on the calling thread"
            );
            check.load(Ordering::Relaxed)
        });
        (conversation.respond(request), began.elapsed())
    });
    let error = outcome.0.unwrap_err();
    fixture::check(&error, ErrorKind::Cancelled, Delivery::Unknown);
    assert!(outcome.1 < PATIENCE);
    assert!(conversation.respond("b").is_ok());
}

#[test]
fn cancelling_at_any_moment_never_harms_another_call() {
    let simulator = simulator();
    let client = client(&simulator);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let conversation = client.create(Create::new()).unwrap();
                for number in 0..200 {
                    let message = format!("{number}");
                    assert_eq!(
                        conversation.respond(message.as_str()).unwrap().response(),
                        format!("You said: {message}")
                    );
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                let token = CancelToken::new();
                let done = AtomicBool::new(false);
                thread::scope(|inner| {
                    inner.spawn(|| {
                        while !done.load(Ordering::Relaxed) {
                            token.cancel();
                            thread::yield_now();
                        }
                    });
                    for _ in 0..200 {
                        if let Err(error) = client.create(Create::new().cancel(&token)) {
                            assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
                        }
                    }
                    done.store(true, Ordering::Relaxed);
                });
            });
        }
    });
}

#[test]
fn a_token_that_is_cancelled_for_good_refuses_calls_that_begin_later() {
    let simulator = simulator();
    let client = client(&simulator);
    let conversation = client.create(Create::new()).unwrap();
    let (token, other) = (CancelToken::new(), CancelToken::new());
    let with = |token: &CancelToken| Respond::new("a").cancel(token);
    token.cancel();
    conversation.respond(with(&token)).unwrap();
    token.cancel_for_good();
    token.cancel_for_good();
    let before = simulator.counts().requests_to(Operation::Respond);
    for error in [
        conversation.respond(with(&token)).unwrap_err(),
        client.respond(conversation.id(), with(&token)).unwrap_err(),
        client.create(Create::new().cancel(&token)).unwrap_err(),
        conversation.start_respond(with(&token)).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(error.correlation_id().is_some());
    }
    assert_eq!(simulator.counts().requests_to(Operation::Respond), before);
    conversation.respond(with(&other)).unwrap();
    assert!(token.is_cancelled_for_good() && !other.is_cancelled_for_good());
}

#[test]
fn a_cancellation_for_good_is_never_lost_to_a_call_that_is_about_to_begin() {
    let simulator = simulator();
    let client = client(&simulator);
    let id = client.create(Create::new()).unwrap().id().to_owned();
    simulator.fail(slow_turn(Pause::Turn, FOREVER_MS)).unwrap();
    for _ in 0..300 {
        let token = CancelToken::new();
        let error = thread::scope(|scope| {
            scope.spawn(|| token.cancel_for_good());
            let request = Respond::new("a").cancel(&token).timeout(PATIENCE);
            client.respond(&id, request).unwrap_err()
        });
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    }
}
