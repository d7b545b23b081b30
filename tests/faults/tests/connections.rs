//! A connection outlives the pauses in which people think, and a gateway that closes it meanwhile costs nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the exemption for tests does not reach what they share"
)]

use polyai_chat_core::{Client, Config, Create};
use polyai_chat_simulator::{Action, Fault, Script, Simulator, TlsIdentity};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

const SCRIPT: &str = r#"
greeting = "Hello."
default_reply = "You said: {message}"
"#;

fn simulator(identity: Option<TlsIdentity>) -> Simulator {
    let builder = Simulator::builder().script(Script::parse(SCRIPT, "echo.toml").unwrap());
    match identity {
        Some(identity) => builder.tls(identity),
        None => builder,
    }
    .start()
    .unwrap()
}

fn client(simulator: &Simulator, ca: &TempDir) -> Client {
    let mut config = Config::new()
        .base_url(simulator.url())
        .account_id(simulator.account_id())
        .project_id(simulator.project_id())
        .api_key(simulator.api_key())
        .token(simulator.token())
        .timeout(PATIENCE);
    if let Some(pem) = simulator.ca_pem() {
        let file = ca.path().join("ca.pem");
        std::fs::write(&file, pem).unwrap();
        config = config.ca_file(file.to_str().unwrap());
    }
    Client::new(config).unwrap()
}

fn over_each_transport(test: impl Fn(&Simulator, &Client)) {
    for identity in [None, Some(TlsIdentity::generate().unwrap())] {
        let simulator = simulator(identity);
        let ca = TempDir::new().unwrap();
        test(&simulator, &client(&simulator, &ca));
    }
}

fn assert_every_turn_was_taken_once(simulator: &Simulator, conversations: usize, turns: usize) {
    let records = simulator.conversations();
    assert_eq!(records.len(), conversations);
    for record in records {
        let expected: Vec<_> = (0..turns).map(|turn| Some(turn.to_string())).collect();
        assert_eq!(record.messages, expected, "{}", record.id);
        assert_eq!(record.most_turns_in_flight, 1);
    }
}

#[test]
fn a_conversation_needs_one_connection_however_long_it_thinks() {
    const CONVERSATIONS: usize = 64;
    const TURNS: usize = 26;
    const THOUGHT: Duration = Duration::from_millis(20);
    over_each_transport(|simulator, client| {
        thread::scope(|scope| {
            for _ in 0..CONVERSATIONS {
                scope.spawn(|| {
                    let conversation = client.create(Create::new()).unwrap();
                    for turn in 0..TURNS {
                        thread::sleep(THOUGHT);
                        let reply = conversation.respond(turn.to_string()).unwrap();
                        assert_eq!(reply.response(), format!("You said: {turn}"));
                    }
                });
            }
        });
        let connections = simulator.connections();
        assert!(
            connections <= 64,
            "{connections} connections for {CONVERSATIONS} conversations"
        );
        assert_every_turn_was_taken_once(simulator, CONVERSATIONS, TURNS);
    });
}

#[test]
fn a_gateway_that_closes_while_people_think_costs_no_turn() {
    const CONVERSATIONS: usize = 8;
    const TURNS: usize = 16;
    // A server for each of them: otherwise one would take the connection that is just being closed to another.
    let talk = |reset| {
        over_each_transport(|simulator, client| {
            let action = Action::CloseIdle { after_ms: 1, reset };
            simulator.fail(Fault::new(action)).unwrap();
            let conversation = client.create(Create::new()).unwrap();
            for turn in 0..TURNS {
                // They think until the gateway has closed the connection.
                let closed =
                    simulator.wait_for(|seen| seen.counts().open_connections == 0, PATIENCE);
                assert!(closed, "the connection is still open");
                let reply = conversation.respond(turn.to_string()).unwrap();
                assert_eq!(reply.response(), format!("You said: {turn}"));
            }
            assert_every_turn_was_taken_once(simulator, 1, TURNS);
            assert_eq!(simulator.connections(), 1 + TURNS as u64);
            let metrics = client.metrics();
            assert_eq!(
                (metrics.retries, metrics.failures.len()),
                (0, 0),
                "{metrics:?}"
            );
        });
    };
    thread::scope(|scope| {
        for number in 0..CONVERSATIONS {
            scope.spawn(move || talk(number % 2 == 0));
        }
    });
}
