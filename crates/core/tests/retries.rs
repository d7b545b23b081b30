//! What is tried again by itself, counted on the server's side.
#![cfg(test)]

mod fixture;

use fixture::{client, config, simulator};
use polyai_chat_core::{
    BreakerState, CancelToken, Client, Clock, Close, Create, Delivery, ErrorKind, Phase,
};
use polyai_chat_simulator::{Answer, Fault, Operation, RetryAfter, Simulator};
use std::time::{Duration, Instant};

const BOUND: Duration = Duration::from_secs(8);

fn quick(simulator: &Simulator) -> Client {
    Client::new(config(&simulator.url()).backoff(Duration::from_millis(5))).unwrap()
}

#[test]
fn an_error_lists_its_attempts_and_remembers_the_worst_delivery() {
    let simulator = simulator();
    let client = quick(&simulator);
    simulator
        .fail(Fault::new(Answer::status(500)).on(Operation::Close).once())
        .unwrap();
    let limited = Answer::status(429).retry_after(RetryAfter::Seconds(3600));
    simulator
        .fail(Fault::new(limited).on(Operation::Close).nth(2))
        .unwrap();
    let error = client
        .close_conversation("CONV-1", Close::new())
        .unwrap_err();
    let seen: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| {
            (
                attempt.number,
                attempt.kind,
                attempt.delivery,
                attempt.status,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (
                1,
                Some(ErrorKind::Server),
                Some(Delivery::Unknown),
                Some(500)
            ),
            (
                2,
                Some(ErrorKind::RateLimited),
                Some(Delivery::Rejected),
                Some(429)
            ),
        ]
    );
    fixture::check(&error, ErrorKind::RateLimited, Delivery::Unknown);
    assert!(!error.attempts()[0].reused_connection && error.attempts()[1].reused_connection);
    assert!(error.attempts()[0].connect.is_some() && error.attempts()[0].wait.is_some());
}

#[test]
fn a_breaker_that_opens_between_two_attempts_leaves_the_cause() {
    let client = Client::new(config("http://127.0.0.1:1").breaker_failures(1)).unwrap();
    let error = client.create(Create::new()).unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts().len()),
        (ErrorKind::Connect, 1),
        "{error}"
    );
    assert_eq!(
        client.create(Create::new()).unwrap_err().kind(),
        ErrorKind::Unavailable
    );
}

#[test]
fn an_outage_is_not_multiplied() {
    let simulator = simulator();
    let client = Client::new(
        config(&simulator.url())
            .backoff(Duration::from_millis(1))
            .retry_budget(5),
    )
    .unwrap();
    simulator.fail(Fault::new(Answer::status(429))).unwrap();
    for _ in 0..50 {
        client.create(Create::new()).unwrap_err();
    }
    assert_eq!(simulator.requests_to(Operation::Create), 55);
    let metrics = client.metrics();
    assert_eq!(
        (
            metrics.calls(),
            metrics.attempts,
            metrics.retries,
            metrics.retries_left
        ),
        (50, 55, 5, 0)
    );
    assert_eq!(metrics.failures(ErrorKind::RateLimited), 50);
}

#[test]
fn a_pause_between_attempts_can_be_cancelled() {
    let simulator = simulator();
    let client = client(&simulator);
    simulator
        .fail(Fault::new(
            Answer::status(429).retry_after(RetryAfter::Seconds(10)),
        ))
        .unwrap();
    let token = CancelToken::new();
    let error = std::thread::scope(|scope| {
        let running = scope.spawn(|| client.create(Create::new().cancel(&token)));
        assert!(simulator.wait_for(
            |records| records.requests_to(Operation::Create) == 1,
            fixture::PATIENCE
        ));
        let began = Instant::now();
        while !running.is_finished() {
            token.cancel();
            std::thread::yield_now();
        }
        assert!(began.elapsed() < BOUND);
        running.join().unwrap().unwrap_err()
    });
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Cancelled, Delivery::Rejected).clone_if(&error),
        "{error}"
    );
}

/// The cancellation may come a moment before the answer has been read.
trait OrSooner {
    fn clone_if(self, error: &polyai_chat_core::Error) -> Self;
}

impl OrSooner for (ErrorKind, Delivery) {
    fn clone_if(self, error: &polyai_chat_core::Error) -> Self {
        match error.phase() {
            Phase::Pause => self,
            _ => (self.0, Delivery::Unknown),
        }
    }
}

#[test]
fn the_breaker_opens_probes_and_closes() {
    const OPEN: Duration = Duration::from_secs(3600);
    let simulator = simulator();
    let clock = Clock::movable();
    let client = Client::new(
        config(&simulator.url())
            .max_attempts(1)
            .breaker_failures(3)
            .breaker_open(OPEN)
            .clock(&clock),
    )
    .unwrap();
    let conversation = client.create(Create::new()).unwrap();
    simulator
        .fail(
            Fault::new(Answer::status(500))
                .on(Operation::Respond)
                .times(4),
        )
        .unwrap();
    for _ in 0..3 {
        assert_eq!(
            conversation.respond("a").unwrap_err().kind(),
            ErrorKind::Server
        );
    }
    assert_eq!(client.breaker_state(), BreakerState::Open);
    let error = conversation.respond("a").unwrap_err();
    fixture::check(&error, ErrorKind::Unavailable, Delivery::NotSent);
    assert!(error.retry_after().is_some() && error.correlation_id().is_some());
    assert_eq!(simulator.requests_to(Operation::Respond), 3);

    clock.advance(OPEN / 2);
    assert_eq!(
        conversation.respond("a").unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    clock.advance(OPEN / 2);
    assert_eq!(
        conversation.respond("probe").unwrap_err().kind(),
        ErrorKind::Server
    );
    assert_eq!(
        (
            client.breaker_state(),
            simulator.requests_to(Operation::Respond)
        ),
        (BreakerState::Open, 4)
    );
    clock.advance(OPEN);
    assert!(conversation.respond("probe").is_ok());
    assert_eq!(client.breaker_state(), BreakerState::Closed);
}
