//! Calls that were started: waited for, polled, cancelled, dropped.
#![cfg(test)]

mod fixture;
mod own_process;

use fixture::{PATIENCE, client, config, simulator, slow_turn};
use own_process::threads_named;
use polyai_chat_core::{
    Client, Close, Create, Delivery, Error, ErrorKind, Turn, descriptor_number,
};
use polyai_chat_simulator::{Fault, Operation, Pause};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const SLOW_MS: u64 = 1500;
const FOREVER_MS: u64 = 600_000;
const PATIENCE_MS: i32 = 60_000;

/// Whether the descriptor of the call becomes readable within so many milliseconds.
fn is_readable<T>(turn: &Turn<T>, within_ms: i32) -> bool {
    own_process::is_readable(turn.descriptor().unwrap(), within_ms)
}

#[test]
fn the_descriptor_becomes_readable_when_the_call_is_done() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator.fail(slow_turn(Pause::Headers, SLOW_MS)).unwrap();
    let turn = conversation.start_respond("a").unwrap();
    let [first, second] = [(), ()].map(|()| descriptor_number(turn.descriptor().unwrap()));
    assert_eq!(first, second);
    assert!(!is_readable(&turn, 0) && !turn.is_done());
    assert!(is_readable(&turn, PATIENCE_MS) && turn.is_done());
    assert!(turn.take().is_ok());

    let done = conversation.start_close(Close::new()).unwrap();
    assert!(done.wait(PATIENCE));
    assert!(is_readable(&done, 0));
}

#[test]
fn the_descriptor_is_readable_when_the_callback_runs() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    for _ in 0..300 {
        let turn = conversation.start_respond("a").unwrap();
        assert!(!is_readable(&turn, 0) || turn.is_done());
        assert!(turn.wait(PATIENCE));
        assert!(is_readable(&turn, 0));
    }
}

#[test]
fn a_callback_runs_once_when_the_call_is_done() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator.fail(slow_turn(Pause::Turn, SLOW_MS)).unwrap();
    let turn = conversation.start_respond("a").unwrap();
    let (told, telling) = mpsc::channel();
    for number in 0..3 {
        let told = told.clone();
        turn.when_done(move || {
            told.send((number, thread::current().id())).unwrap();
            assert_ne!(number, 0, "a panic harms nobody");
        });
    }
    assert!(telling.try_recv().is_err(), "still thinking");
    let numbers: Vec<_> = (0..3)
        .map(|_| telling.recv_timeout(PATIENCE).unwrap())
        .map(|(number, thread)| {
            assert_ne!(thread, thread::current().id());
            number
        })
        .collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert!(turn.is_done());
    turn.when_done(move || told.send((3, thread::current().id())).unwrap());
    assert_eq!(telling.try_recv(), Ok((3, thread::current().id())));
    assert!(telling.try_recv().is_err());
    assert!(turn.take().is_ok());

    // One that is dropped is done too.
    simulator.clear_faults();
    simulator.fail(slow_turn(Pause::Turn, FOREVER_MS)).unwrap();
    let dropped = conversation.start_respond("b").unwrap();
    let (told, telling) = mpsc::channel();
    dropped.when_done(move || told.send(()).unwrap());
    drop(dropped);
    assert_eq!(telling.recv_timeout(PATIENCE), Ok(()));
}

#[test]
fn cancelling_and_dropping_end_the_call() {
    let simulator = simulator();
    let client = client(&simulator);
    simulator.fail(slow_turn(Pause::Turn, FOREVER_MS)).unwrap();
    let conversation = client.create(Create::new()).unwrap();
    let turn = conversation.start_respond("a").unwrap();
    assert!(simulator.wait_for(
        |records| records.requests_to(Operation::Respond) == 1,
        PATIENCE
    ));
    turn.cancel();
    let error = turn.take().unwrap_err();
    fixture::check(&error, ErrorKind::Cancelled, Delivery::Unknown);

    let dropped = client.create(Create::new()).unwrap();
    let turn = dropped.start_respond("b").unwrap();
    assert!(simulator.wait_for(
        |records| records.requests_to(Operation::Respond) == 2,
        PATIENCE
    ));
    drop(turn);
    let began = Instant::now();
    while threads_named("polyai-turn") > 0 && began.elapsed() < PATIENCE {
        thread::yield_now();
    }
    assert!(began.elapsed() < PATIENCE);
    // A cancelled call has lost its connection, which the server sees, and takes no turn.
    assert!(simulator.wait_for(|records| records.counts().open_connections == 0, PATIENCE));
    assert_eq!(simulator.counts().turns, 0);
}

#[test]
fn shutting_the_client_down_wakes_every_caller() {
    let simulator = simulator();
    let client = Client::new(config(&simulator.url())).unwrap();
    simulator.fail(slow_turn(Pause::Turn, FOREVER_MS)).unwrap();
    let conversations: Vec<_> = (0..8)
        .map(|_| client.create(Create::new()).unwrap())
        .collect();
    let turns: Vec<_> = conversations
        .iter()
        .map(|conversation| conversation.start_respond("a").unwrap())
        .collect();
    let queued: Vec<_> = conversations
        .iter()
        .map(|conversation| conversation.start_respond("b").unwrap())
        .collect();
    assert!(simulator.wait_for(
        |records| records.requests_to(Operation::Respond) == 8,
        PATIENCE
    ));
    let began = Instant::now();
    client.shut_down();
    let of = |outcome: Result<_, Error>| outcome.map(|_: polyai_chat_core::Reply| ()).unwrap_err();
    for (turn, waiting) in turns.into_iter().zip(queued) {
        let (sent, waited) = (of(turn.take()), of(waiting.take()));
        fixture::check(&sent, ErrorKind::Cancelled, Delivery::Unknown);
        fixture::check(&waited, ErrorKind::Cancelled, Delivery::NotSent);
    }
    assert!(began.elapsed() < PATIENCE / 2);
    let later = client.create(Create::new()).unwrap_err();
    fixture::check(&later, ErrorKind::Cancelled, Delivery::NotSent);
    assert_eq!(client.metrics().idle_connections, 0);
}

#[test]
fn keys_are_replaced_as_a_pair_while_calls_run() {
    const CALLERS: usize = 4;
    let simulator = simulator();
    let client = client(&simulator);
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    // Refused, for the simulator knows another pair: what counts is what it received.
                    let _ = client.create(Create::new());
                }
            });
        }
        for number in 0..2000 {
            client
                .replace_credentials(format!("key-{number}"), format!("token-{number}"))
                .unwrap();
        }
        let asked = simulator.counts().requests;
        assert!(simulator.wait_for(|records| records.counts().requests > asked + 100, PATIENCE));
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let mut pairs = std::collections::HashSet::new();
    for request in simulator.received() {
        let (key, token) = (
            request.header("X-API-KEY").unwrap(),
            request.header("X-TOKEN").unwrap(),
        );
        if let Some(number) = key.strip_prefix("key-") {
            assert_eq!(
                token.strip_prefix("token-"),
                Some(number),
                "{key} with {token}"
            );
            pairs.insert(number.to_owned());
        }
    }
    assert!(pairs.contains("1999"), "{} pairs were seen", pairs.len());
}

#[test]
fn events_can_be_read_and_listened_to() {
    use polyai_chat_core::LogLevel;
    use std::sync::{Arc, Mutex};
    let simulator = simulator();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&lines);
    let client = Client::new(
        config(&simulator.url())
            .recent_attempts(2)
            .on_attempt(|_| panic!("a listener that panics harms nobody"))
            .on_log(move |level, line| heard.lock().unwrap().push((level, line.to_owned()))),
    )
    .unwrap();
    let conversation = client.create(Create::new()).unwrap();
    conversation.respond("the customer's words").unwrap();
    simulator
        .fail(Fault::new(polyai_chat_simulator::Answer::status(500)))
        .unwrap();
    conversation.respond("the customer's words").unwrap_err();
    let recent = client.recent_attempts(0);
    assert_eq!(
        recent
            .iter()
            .map(|attempt| attempt.status)
            .collect::<Vec<_>>(),
        [Some(200), Some(500)]
    );
    let metrics = client.metrics();
    assert_eq!(
        (
            metrics.calls(),
            metrics.opened_connections,
            metrics.reused_connections
        ),
        (3, 1, 2)
    );
    assert_eq!((metrics.create.calls, metrics.respond.calls), (1, 2));
    let counted = metrics.respond.latency_ms.iter().map(|(_, count)| count);
    assert_eq!(counted.sum::<u64>(), 2);
    assert!(metrics.respond.latency_sum > Duration::ZERO);
    assert_eq!(metrics.respond.failures, [(ErrorKind::Server, 1)]);
    assert!(metrics.create.failures.is_empty());
    assert!(metrics.bytes_sent > 0 && metrics.bytes_received > 0 && metrics.calls_in_flight == 0);
    // What can be asked for is what the listener got, but only of the attempts that are remembered.
    let asked = client.recent_log_lines(0);
    let lines = lines.lock().unwrap();
    assert!(
        asked
            .iter()
            .map(|line| (line.level, &line.text))
            .eq(lines.iter().skip(1).map(|(level, text)| (*level, text)))
    );
    assert!(asked.iter().map(|line| line.serial).eq([2, 3]));
    assert_eq!(client.recent_log_lines(2), asked[1..]);
    assert_eq!(client.recent_attempts(2), recent[1..]);
    assert!(client.recent_attempts(3).is_empty() && client.recent_attempts(u64::MAX).is_empty());
    assert_eq!(
        lines.iter().map(|(level, _)| *level).collect::<Vec<_>>(),
        [LogLevel::Debug, LogLevel::Debug, LogLevel::Warn]
    );
    for (_, line) in lines.iter() {
        assert!(
            line.contains("correlation id") && !line.contains("words") && !line.contains("canary"),
            "{line}"
        );
    }
}

#[test]
fn a_listener_hears_only_of_the_levels_it_wants() {
    use polyai_chat_core::LogLevel;
    use std::sync::mpsc::channel;
    let simulator = simulator();
    let (told, heard) = channel();
    let client = Client::new(
        config(&simulator.url())
            .on_log(move |level, _| told.send(level).unwrap())
            .log_filter(|level| match level {
                LogLevel::Debug => false,
                _ => panic!("a filter that panics lets the line through"),
            }),
    )
    .unwrap();
    let conversation = client.create(Create::new()).unwrap();
    simulator
        .fail(Fault::new(polyai_chat_simulator::Answer::status(500)))
        .unwrap();
    conversation.respond("a").unwrap_err();
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [LogLevel::Warn]);
}

#[test]
fn of_several_threads_that_take_a_turn_one_gets_it() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    let turn = conversation.start_respond("Where is my order?").unwrap();
    let replies: Vec<bool> = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| turn.take_once().map(Result::unwrap).is_some()))
            .collect();
        takers
            .into_iter()
            .map(|taker| taker.join().unwrap())
            .collect()
    });
    assert_eq!(replies.iter().filter(|got| **got).count(), 1);
    let late = turn.take().unwrap_err();
    assert_eq!(late.kind(), ErrorKind::InvalidArgument, "{late}");
}

/// The signals that a thread blocks, as a mask, and its name.
#[cfg(target_os = "linux")]
fn blocked_signals(task: &std::path::Path) -> Option<(String, u64)> {
    let status = std::fs::read_to_string(task.join("status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    Some((
        field("Name")?,
        u64::from_str_radix(&field("SigBlk")?, 16).ok()?,
    ))
}

#[cfg(target_os = "linux")]
#[test]
fn a_started_call_takes_no_signal_from_the_host() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator
        .fail(slow_turn(Pause::Headers, FOREVER_MS))
        .unwrap();
    let here = std::path::Path::new("/proc/thread-self");
    let before = blocked_signals(here).unwrap();
    let turn = conversation.start_respond("Where is my order?").unwrap();
    assert_eq!(blocked_signals(here).unwrap(), before);
    let one_more =
        |records: &polyai_chat_simulator::Records| records.requests_to(Operation::Respond) == 1;
    assert!(simulator.wait_for(one_more, PATIENCE));
    let threads: Vec<_> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| blocked_signals(&task.unwrap().path()))
        .filter(|(name, _)| name == "polyai-turn")
        .collect();
    assert!(!threads.is_empty());
    for (_, blocked) in threads {
        for signal in [
            libc::SIGTERM,
            libc::SIGINT,
            libc::SIGALRM,
            libc::SIGUSR1,
            libc::SIGCHLD,
        ] {
            assert_ne!(blocked & (1 << (signal - 1)), 0, "signal {signal}");
        }
        // What crash handlers see, and what managed runtimes stop threads with.
        for signal in [
            libc::SIGSEGV,
            libc::SIGPWR,
            libc::SIGXCPU,
            libc::SIGURG,
            libc::SIGRTMIN(),
            libc::SIGRTMAX(),
        ] {
            assert_eq!(blocked & (1 << (signal - 1)), 0, "signal {signal}");
        }
    }
    drop(turn);
}

#[test]
fn a_close_that_may_not_be_needed_can_be_started() {
    let simulator = simulator();
    let client = client(&simulator);
    let open = client.create(Create::new()).unwrap();
    let closed = open.start_close_if_open().unwrap().take().unwrap();
    assert!(closed.is_some_and(|closed| !closed.was_over()));
    assert!(
        open.start_close_if_open()
            .unwrap()
            .take()
            .unwrap()
            .is_none()
    );
    assert_eq!(simulator.counts().requests_to(Operation::Close), 1);

    // An earlier turn may end the conversation while the close waits for it.
    for is_started in [true, false] {
        let ending = client.create(Create::new()).unwrap();
        simulator
            .fail(slow_turn(Pause::Turn, SLOW_MS).once())
            .unwrap();
        let last = ending.start_respond("bye").unwrap();
        let closed = match is_started {
            true => ending.start_close_if_open().unwrap().take(),
            false => ending.close_if_open(),
        };
        assert!(closed.unwrap().is_none());
        assert!(last.take().unwrap().end_conversation());
    }
    assert_eq!(simulator.counts().requests_to(Operation::Close), 1);

    let legacy = fixture::legacy_simulator();
    let conversation = fixture::client(&legacy).create(Create::new()).unwrap();
    assert!(
        conversation
            .start_close_if_open()
            .unwrap()
            .take()
            .unwrap()
            .is_none()
    );
}
