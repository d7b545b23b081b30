//! What a started call costs. One test, so that nothing else takes memory beside it.
#![cfg(test)]

mod fixture;
mod own_process;

use fixture::{PATIENCE, client, simulator, slow_turn};
use own_process::resident_kib;
use polyai_chat_core::Create;
use polyai_chat_simulator::{Operation, Pause};

/// `cargo test --release -p polyai-chat-core --test many_at_once -- --nocapture` prints what a call costs.
#[test]
fn many_at_once_each_with_its_own_reply_cost_little_memory() {
    const TURNS: u64 = 200;
    let simulator = simulator();
    let client = client(&simulator);
    // Every call waits in the service until all have arrived, and a while longer.
    simulator.fail(slow_turn(Pause::Turn, 1000)).unwrap();
    let conversations: Vec<_> = (0..TURNS)
        .map(|_| client.create(Create::new()).unwrap())
        .collect();
    let before = resident_kib();
    let turns: Vec<_> = conversations
        .iter()
        .map(|conversation| conversation.start_respond(conversation.id()).unwrap())
        .collect();
    assert!(simulator.wait_for(
        |records| records.requests_to(Operation::Respond) == TURNS,
        PATIENCE
    ));
    let each = resident_kib().saturating_sub(before) / TURNS;
    println!("{each} KiB a started call, with its connection, and the simulator's half of it");
    // On Windows the size is that of whole stacks.
    assert!(each < 120 || cfg!(windows), "{each} KiB a call");
    for (conversation, turn) in conversations.iter().zip(turns) {
        assert_eq!(
            turn.take().unwrap().response(),
            format!("You said: {}", conversation.id())
        );
    }
    assert_eq!(
        (simulator.counts().turns, client.metrics().idle_connections),
        (TURNS, 200)
    );
}
