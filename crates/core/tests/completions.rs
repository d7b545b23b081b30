//! Many started calls behind one descriptor.
#![cfg(test)]

mod fixture;
mod own_process;

use fixture::{PATIENCE, client, simulator, slow_turn};
use polyai_chat_core::{Completions, Create};
use polyai_chat_simulator::Pause;
use std::time::Duration;

const FOREVER_MS: u64 = 600_000;

/// Whether the descriptor becomes readable within so many milliseconds.
fn is_readable(completions: &Completions, within_ms: i32) -> bool {
    own_process::is_readable(completions.descriptor().unwrap(), within_ms)
}

#[test]
fn tags_come_in_the_order_in_which_the_calls_ended() {
    let simulator = simulator();
    let client = client(&simulator);
    let [slow, quick] = [(), ()].map(|()| client.create(Create::new()).unwrap());
    let completions = Completions::new().unwrap();
    assert!(!is_readable(&completions, 0) && !completions.wait(Duration::ZERO));
    assert_eq!(completions.take(9), [0; 0]);
    simulator
        .fail(slow_turn(Pause::Headers, FOREVER_MS).once())
        .unwrap();
    let waiting = slow.start_respond("slow").unwrap();
    completions.expect(&waiting, 1);
    while simulator.received().len() < 3 {
        std::thread::yield_now();
    }
    let next = || {
        assert!(completions.wait(PATIENCE) && is_readable(&completions, 0));
        completions.take(1)
    };
    for tag in [2, 3] {
        let turn = quick.start_respond("a").unwrap();
        completions.expect(&turn, tag);
        assert_eq!(next(), [tag]);
        assert!(turn.is_done());
    }
    let late = quick.start_respond("a").unwrap();
    assert!(late.wait(PATIENCE));
    completions.expect(&late, u64::MAX); // done already
    completions.expect(&late, 4);
    waiting.cancel();
    assert_eq!([next(), next(), next()].concat(), [u64::MAX, 4, 1]);
    assert!(!is_readable(&completions, 0) && !completions.wait(Duration::ZERO));
}

#[test]
fn a_call_that_nobody_holds_any_more_leaves_its_tag_all_the_same() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator
        .fail(slow_turn(Pause::Headers, FOREVER_MS))
        .unwrap();
    let completions = Completions::new().unwrap();
    let turn = conversation.start_respond("a").unwrap();
    completions.expect(&turn, 7);
    drop(turn);
    assert!(completions.wait(PATIENCE));
    assert_eq!(completions.take(9), [7]);
    // The queue may be gone before its calls are.
    let turn = conversation.start_respond("b").unwrap();
    completions.expect(&turn, 8);
    drop(completions);
    turn.cancel();
    assert!(turn.wait(PATIENCE));
}

#[test]
fn polling_the_descriptor_finds_every_call() {
    let simulator = simulator();
    let client = client(&simulator);
    let id = client.create(Create::new()).unwrap().id().to_owned();
    let completions = Completions::new().unwrap();
    let turns: Vec<_> = (0..50)
        .map(|tag| {
            let turn = client.start_respond(id.as_str(), "a").unwrap();
            completions.expect(&turn, tag);
            turn
        })
        .collect();
    let mut tags = Vec::new();
    while tags.len() < turns.len() {
        assert!(is_readable(&completions, 20_000));
        tags.extend(completions.take(3));
    }
    tags.sort_unstable();
    assert!(tags.into_iter().eq(0..50));
    for turn in turns {
        assert!(turn.is_done());
        turn.take().unwrap();
    }
}
