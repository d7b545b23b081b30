//! The threads of started calls, counted in a process of their own.
#![cfg(test)]

mod fixture;

use fixture::{PATIENCE, client, simulator, slow_turn};
use polyai_chat_core::Create;
use polyai_chat_simulator::Pause;
use std::thread;
use std::time::Instant;

const FOREVER_MS: u64 = 600_000;

fn threads_of_turns() -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path().join("comm")).ok())
        .filter(|name| name.starts_with("polyai-turn"))
        .count()
}

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
            threads_of_turns() < CALLS / 4,
            "{} threads",
            threads_of_turns()
        );
    }
    drop(waiting);
    let began = Instant::now();
    while threads_of_turns() > 0 {
        assert!(began.elapsed() < PATIENCE, "threads are left");
        thread::yield_now();
    }
}
