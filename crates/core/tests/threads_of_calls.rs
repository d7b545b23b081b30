//! The threads of started calls, counted in a process of their own.
#![cfg(test)]

mod fixture;
mod own_process;

use fixture::{PATIENCE, client, config, simulator, slow_turn};
use own_process::threads_named;
use polyai_chat_core::{Client, Create};
use polyai_chat_simulator::Pause;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Instant;

const FOREVER_MS: u64 = 600_000;

#[test]
fn threads_are_taken_again_while_calls_run_and_none_is_left_afterwards() {
    const CALLS: usize = 40;
    let simulator = simulator();
    let client = client(&simulator);
    let (slow, quick) = (
        client.create(Create::new()).unwrap(),
        client.create(Create::new()).unwrap(),
    );
    simulator
        .fail(slow_turn(Pause::Headers, FOREVER_MS).once())
        .unwrap();
    let waiting = slow.start_respond("slow").unwrap();
    while simulator.received().len() < 3 {
        thread::yield_now();
    }
    for _ in 0..CALLS {
        quick.start_respond("a").unwrap().take().unwrap();
        // The one that waits, the one of this call, and a few that were done but not yet free.
        assert!(
            threads_named("polyai-turn") < CALLS / 4,
            "{} threads",
            threads_named("polyai-turn")
        );
    }
    drop(waiting);
    let began = Instant::now();
    while threads_named("polyai-turn") > 0 {
        assert!(began.elapsed() < PATIENCE, "threads are left");
        thread::yield_now();
    }
}

#[test]
fn a_call_that_follows_at_once_takes_the_thread_of_the_one_before() {
    let simulator = simulator();
    let seen = Arc::new(Mutex::new(Vec::<ThreadId>::new()));
    let threads = Arc::clone(&seen);
    let config = config(&simulator.url())
        .on_attempt(move |_| threads.lock().unwrap().push(thread::current().id()));
    let client = Client::new(config).unwrap();
    let conversation = client.create(Create::new()).unwrap();
    let began = Instant::now();
    // A machine may be late for one call, but not for all.
    loop {
        conversation.start_respond("a").unwrap().take().unwrap();
        let threads = seen.lock().unwrap();
        let (last, earlier) = threads.split_last().unwrap();
        if earlier.contains(last) {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{} threads", threads.len());
    }
}
