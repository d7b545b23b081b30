//! No thread is left of a client that was shut down and waited for. They are counted in a process of their own.
#![cfg(test)]

mod fixture;

use fixture::{PATIENCE, simulator, slow_turn};
use polyai_chat_core::{Client, Create, Turn};
use polyai_chat_simulator::Pause;
use std::time::Duration;

const FOREVER_MS: u64 = 600_000;

/// The kernel's mark of a thread that runs no code of the process any more. It is listed for a moment longer.
const IS_EXITING: u64 = 0x4;

/// The threads of the library by name.
fn our_threads() -> Vec<String> {
    let named = |stat: String| {
        let (start, rest) = stat.rsplit_once(')')?;
        let flags: u64 = rest.split_whitespace().nth(6)?.parse().ok()?;
        let name = start.split_once('(')?.1.to_owned();
        let is_ours = ["polyai-turn", "polyai-resolver"].contains(&name.as_str());
        (is_ours && flags & IS_EXITING == 0).then_some(name)
    };
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path().join("stat")).ok())
        .filter_map(named)
        .collect()
}

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
        assert_eq!(our_threads(), [""; 0]);
        assert!(turns.iter().all(Turn::is_done));
        assert!(client.shut_down_and_wait(Duration::ZERO));
    }
}
