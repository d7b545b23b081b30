//! No thread is left of a client that was shut down and waited for. They are counted in a process of their own.
#![cfg(test)]

mod fixture;
mod own_process;

use fixture::{PATIENCE, simulator, slow_turn};
use own_process::threads_named;
use polyai_chat_core::{Client, Create, Turn};
use polyai_chat_simulator::Pause;
use std::time::Duration;

const FOREVER_MS: u64 = 600_000;

#[test]
fn none_is_left_when_the_client_was_shut_down_and_waited_for() {
    for _ in 0..20 {
        let simulator = simulator();
        let port = simulator.address().port();
        let config = fixture::config(&format!("http://localhost:{port}"));
        let client = Client::new(config).unwrap();
        let id = client.create(Create::new()).unwrap().id().to_owned();
        simulator
            .fail(slow_turn(Pause::Headers, FOREVER_MS))
            .unwrap();
        let turns: Vec<_> = (0..8)
            .map(|_| client.start_respond(id.as_str(), "a").unwrap())
            .collect();
        assert!(!client.clone().shut_down_and_wait(Duration::ZERO) || turns[0].is_done());
        assert!(client.shut_down_and_wait(PATIENCE));
        // At once, and not soon.
        assert_eq!(threads_named("polyai-turn"), 0);
        assert_eq!(threads_named("polyai-resolver"), 0);
        assert!(turns.iter().all(Turn::is_done));
        assert!(client.shut_down_and_wait(Duration::ZERO));
    }
}
