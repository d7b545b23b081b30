//! A connection outlives the pauses in which people think.
#![cfg(test)]

use polyai_chat_core::{Client, Config, Create};
use polyai_chat_simulator::{Script, Simulator, TlsIdentity};
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
