//! What a library may not do to the process it lives in. One test, so that nothing else runs beside it.
#![cfg(test)]

mod fixture;
mod own_process;

use fixture::{KEY, PATIENCE, TOKEN, config, simulator};
use own_process::sockets;
use polyai_chat_core::{Client, Config, Create, Error};
use polyai_chat_simulator::{Answer, Fault};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

struct Listener(Mutex<String>);

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0
            .lock()
            .unwrap()
            .push_str(&format!("{}\n", record.args()));
    }

    fn flush(&self) {}
}

static LOGGED: Listener = Listener(Mutex::new(String::new()));

/// Without their names, which they get a moment after they have begun.
fn threads() -> BTreeSet<u32> {
    own_process::threads().into_keys().collect()
}

#[test]
fn a_client_leaves_no_thread_no_socket_and_no_secret_behind() {
    log::set_logger(&LOGGED).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let simulator = simulator();
    let (threads_before, sockets_before) = (threads(), sockets());

    let client = Client::new(config(&simulator.url().replace("127.0.0.1", "localhost"))).unwrap();
    assert_eq!(
        (threads(), sockets()),
        (threads_before.clone(), sockets_before),
        "a client that is only made"
    );

    let conversation = client.create(Create::new()).unwrap();
    conversation.respond("the customer's words").unwrap();
    let began = Instant::now();
    while threads() != threads_before {
        assert!(
            began.elapsed() < PATIENCE,
            "the resolver's thread is left: {:?}",
            threads()
        );
        thread::yield_now();
    }
    // The simulator runs in this process too, so a connection counts twice.
    assert_eq!(sockets(), sockets_before + 2);

    simulator.fail(Fault::new(Answer::status(500))).unwrap();
    let error = conversation.respond("the customer's words").unwrap_err();
    simulator.replace_credentials("other", "other");
    let refused = client.create(Create::new()).unwrap_err();
    let shown = format!("{client:?} {conversation:?} {error} {error:?} {refused} {refused:?}");
    drop((client, conversation));
    let began = Instant::now();
    while sockets() != sockets_before {
        assert!(began.elapsed() < PATIENCE, "{} sockets are left", sockets());
        thread::yield_now();
    }
    let logged = LOGGED.0.lock().unwrap().clone();
    assert!(
        logged.contains("Call<RecvBody>"),
        "nothing was overheard: {logged}"
    );
    // What a dependency dumps in rows of 16 bytes, as hexadecimal numbers and then as characters, put together again.
    let dumped: String = logged.lines().filter_map(|line| line.get(41..)).collect();
    assert!(
        dumped.contains("HTTP/1.1.200"),
        "nothing was dumped: {dumped}"
    );
    assert!(!dumped.contains(KEY) && !dumped.contains(TOKEN), "{dumped}");
    for secret in [KEY, TOKEN, "customer's words"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!logged.contains(secret), "{logged}");
    }
    wrong_configurations_send_nothing(&simulator.url());
}

/// Each is refused when the client is made, naming option, source and remedy.
fn wrong_configurations_send_nothing(url: &str) {
    let sockets_before = sockets();
    for (wrong, expected) in [
        (Config::new(), vec!["not configured", "POLYAI_API_KEY"]),
        (
            config(url).region("uk"),
            vec![
                "region (given explicitly)",
                "base_url (given explicitly)",
                "set only one",
            ],
        ),
        (
            config("http://chat.example"),
            vec![
                "base_url (given explicitly)",
                "https://",
                "allow_plain_http",
            ],
        ),
        (
            config(url).api_key("canary\nkey"),
            vec!["api_key (given explicitly)", "line break", "copy it again"],
        ),
        (
            config(url).account_id("a/b"),
            vec!["account_id (given explicitly)", "'/'", "letters, digits"],
        ),
        (
            config(url).account_id(".."),
            vec!["account_id (given explicitly)", "'..'"],
        ),
        (
            config(url).project_id("a b"),
            vec!["project_id (given explicitly)", "' '"],
        ),
        (
            config(url).project_id(""),
            vec!["project_id (given explicitly)", "empty"],
        ),
        (
            config(url).ca_file("/no/such/file.pem"),
            vec!["ca_file", "/no/such/file.pem", "cannot be read"],
        ),
        (
            config(url).ca_file(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")),
            vec!["ca_file", "BEGIN CERTIFICATE"],
        ),
    ] {
        let error: Error = Client::new(wrong).unwrap_err();
        for part in expected {
            assert!(
                error.to_string().contains(part),
                "{part:?} is not in: {error}"
            );
        }
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    assert_eq!(sockets(), sockets_before);
}
