//! A client that was made and used before a fork goes on in parent and child, each with its own connections.
#![cfg(test)]
#![cfg(unix)]
#![allow(unsafe_code, reason = "fork and _exit")]

mod fixture;

use fixture::{PATIENCE, builder, config, slow_turn};
use polyai_chat_core::{Client, Completions, Create, Delivery, ErrorKind, Respond};
use polyai_chat_simulator::{Action, Fault, Operation, Pause, Simulator, TlsIdentity};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const CHILDREN: usize = 12;
const TURNS: usize = 20;

/// Runs `work` in a forked child and returns its process id; the child's exit status is 0 if `work` returned true.
fn in_child(work: impl FnOnce() -> bool) -> libc::pid_t {
    // SAFETY: the child runs `work` and leaves by `_exit`, without unwinding into the test harness. What it uses of the
    // inherited process is the library under test, and glibc's allocator, which takes care of itself in a fork.
    unsafe {
        match libc::fork() {
            0 => {
                let good =
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
                libc::_exit(i32::from(!good));
            }
            child => child,
        }
    }
}

fn wait_for(child: libc::pid_t) -> bool {
    let mut status = 0;
    // SAFETY: `status` is a valid place for the result.
    unsafe { libc::waitpid(child, &raw mut status, 0) == child && status == 0 }
}

fn client_of(simulator: &Simulator) -> Client {
    let mut config = config(&simulator.url());
    if let Some(pem) = simulator.ca_pem() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(pem.as_bytes()).unwrap();
        config = config.ca_file(file.path().to_str().unwrap());
        return Client::new(config).unwrap();
    }
    Client::new(config).unwrap()
}

/// A conversation whose every reply must be the one to its own message.
fn talk(client: &Client, name: &str) -> bool {
    let Ok(conversation) = client.create(Create::new()) else {
        return false;
    };
    (0..TURNS).all(|number| {
        let message = format!("{name} {number}");
        conversation
            .respond(message.as_str())
            .is_ok_and(|reply| reply.response() == format!("You said: {message}"))
    })
}

#[test]
fn prefork_workers_while_the_parent_talks() {
    for tls in [false, true] {
        let simulator = match tls {
            true => builder()
                .tls(TlsIdentity::generate().unwrap())
                .start()
                .unwrap(),
            false => builder().start().unwrap(),
        };
        let client = client_of(&simulator);
        let inherited = client.create(Create::new()).unwrap();
        inherited.respond("before the fork").unwrap();
        let (done, turns) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            for number in 0..2 {
                let (client, done, turns) = (&client, &done, &turns);
                scope.spawn(move || {
                    while !done.load(Ordering::Relaxed) {
                        assert!(talk(client, &format!("parent {number}")));
                        turns.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let children: Vec<_> = (0..CHILDREN)
                .map(|number| in_child(|| talk(&client, &format!("child {number}"))))
                .collect();
            for child in children {
                assert!(wait_for(child), "a child failed (tls: {tls})");
            }
            done.store(true, Ordering::Relaxed);
        });
        assert!(turns.load(Ordering::Relaxed) > 0);
        assert_eq!(
            inherited.respond("after the fork").unwrap().response(),
            "You said: after the fork"
        );
        // The parent never had more than its three callers' connections; each child made one of its own.
        assert!(
            simulator.connections() <= 3 + CHILDREN as u64,
            "{}",
            simulator.connections()
        );
        assert!(simulator.connections() > CHILDREN as u64);
    }
}

#[test]
fn a_call_from_before_the_fork_is_the_parents() {
    let simulator = builder().start().unwrap();
    let client = client_of(&simulator);
    let conversation = client.create(Create::new()).unwrap();
    simulator
        .fail(slow_turn(Pause::Headers, 400).once())
        .unwrap();
    let turn = conversation.start_respond("of the parent").unwrap();
    assert!(simulator.wait_for(
        |records| records.requests_to(Operation::Respond) == 1,
        PATIENCE
    ));
    let turn = std::cell::Cell::new(Some(turn));
    let child = in_child(|| {
        let inherited = turn.take().unwrap();
        inherited.cancel();
        let error = inherited.take().unwrap_err();
        let own = conversation.respond("of the child").is_ok();
        own && (error.kind(), error.delivery()) == (ErrorKind::Cancelled, Delivery::Unknown)
    });
    assert!(wait_for(child));
    let reply = turn.take().unwrap().take().unwrap();
    assert_eq!(
        reply.response(),
        "You said: of the parent",
        "the child's cancelling did not touch it"
    );
}

#[test]
fn a_forked_child_does_not_hold_the_descriptor_of_a_turn() {
    let simulator = builder().start().unwrap();
    let conversation = client_of(&simulator).create(Create::new()).unwrap();
    let slow = Action::delay(Pause::Headers, 300);
    simulator
        .fail(Fault::new(slow).on(Operation::Respond))
        .unwrap();
    let turn = conversation.start_respond("a").unwrap();
    let copy = turn.descriptor().unwrap().try_clone_to_owned().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let child = in_child(|| {
        drop(writer.try_clone());
        // Lives until the parent has seen the turn done and closes the other end.
        std::io::Read::read(&mut &reader, &mut [0]).is_ok()
    });
    // Reading to the end blocks until the call is done.
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::fs::File::from(copy), &mut bytes).unwrap();
    assert!(turn.is_done());
    std::io::Write::write_all(&mut &writer, b"x").unwrap();
    assert!(wait_for(child));
}

#[test]
fn completions_of_the_parent_are_not_touched_by_a_child() {
    let simulator = builder().start().unwrap();
    let client = client_of(&simulator);
    let conversation = client.create(Create::new()).unwrap();
    let completions = Completions::new().unwrap();
    let turn = conversation.start_respond("of the parent").unwrap();
    assert!(turn.wait(PATIENCE));
    for tag in 0..3 {
        completions.expect(&turn, tag);
        assert!(completions.wait(PATIENCE));
    }
    let child = in_child(|| {
        let is_empty = !completions.wait(Duration::ZERO) && completions.take(9).is_empty();
        let turn = conversation.start_respond("of the child").unwrap();
        completions.expect(&turn, 9);
        is_empty && completions.wait(PATIENCE) && completions.take(9) == [9]
    });
    assert!(wait_for(child));
    assert!(completions.wait(PATIENCE));
    assert_eq!(completions.take(9), [0, 1, 2]);
}

#[test]
fn a_fork_inside_a_call_that_waits_leaves_the_call_to_the_parent() {
    let simulator = builder().start().unwrap();
    let conversation = client_of(&simulator).create(Create::new()).unwrap();
    let slow = Action::delay(Pause::Turn, 300);
    simulator
        .fail(Fault::new(slow).on(Operation::Respond).once())
        .unwrap();
    let first = conversation.start_respond("first").unwrap();
    assert!(simulator.wait_for(
        |records| records.requests_to(Operation::Respond) == 1,
        PATIENCE
    ));
    let parent = std::process::id();
    let forked = std::sync::Arc::new(AtomicU64::new(0));
    let child = std::sync::Arc::clone(&forked);
    let outcome = conversation.respond(Respond::new("second").cancel_when(move || {
        if child.load(Ordering::Relaxed) == 0 {
            // SAFETY: the child goes on in this thread and leaves by `_exit` below.
            let pid = unsafe { libc::fork() };
            child.store(u64::try_from(pid).unwrap().max(1), Ordering::Relaxed);
        }
        false
    }));
    if std::process::id() != parent {
        let good = outcome.is_err_and(|error| {
            (error.kind(), error.delivery()) == (ErrorKind::Cancelled, Delivery::Unknown)
        });
        // SAFETY: leaves the child without unwinding into the test harness.
        unsafe { libc::_exit(i32::from(!good)) };
    }
    assert_eq!(outcome.unwrap().response(), "You said: second");
    assert!(wait_for(
        libc::pid_t::try_from(forked.load(Ordering::Relaxed)).unwrap()
    ));
    first.take().unwrap();
    assert_eq!(simulator.counts().turns, 2);
}
