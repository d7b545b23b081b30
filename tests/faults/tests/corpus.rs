//! What fuzzing starts from, and what it once found, is read here without the fuzzer, and as a client meets it: as the
//! answer of a server. Nothing of it may end in a panic or in an `internal` error.
#![cfg(test)]

use polyai_chat_core::{Client, Close, Config, Create, Delivery, Error, ErrorKind, fuzzing};
use polyai_chat_simulator::{Answer, AnswerBody, Dialect, Fault, Script, Simulator};
use std::path::Path;
use std::time::Duration;

/// The files of a target, with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let files: Vec<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    assert!(!files.is_empty(), "{} is empty", directory.display());
    files
}

fn simulator(dialect: Dialect) -> Simulator {
    Simulator::builder().dialect(dialect).start().unwrap()
}

fn client(simulator: &Simulator) -> Client {
    let config = Config::new()
        .base_url(simulator.url())
        .account_id(simulator.account_id())
        .project_id(simulator.project_id())
        .api_key(simulator.api_key())
        .token(simulator.token())
        .dialect(simulator.dialect().name())
        .max_attempts(1);
    Client::new(config).unwrap()
}

/// How each operation of both dialects ends when the server answers this.
fn outcomes(answer: &Answer) -> Vec<Option<Error>> {
    let mut outcomes = Vec::new();
    for dialect in [Dialect::Current, Dialect::Legacy] {
        let simulator = simulator(dialect);
        simulator.fail(Fault::new(answer.clone())).unwrap();
        let client = client(&simulator);
        outcomes.push(client.create(Create::new()).err());
        outcomes.push(client.respond("c-1", "Where is my order?").err());
        if dialect == Dialect::Current {
            outcomes.push(client.close_conversation("c-1", Close::new()).err());
        }
    }
    outcomes
}

#[test]
fn replies() {
    for (name, bytes) in corpus("read_reply") {
        fuzzing::read_reply(&bytes);
        let answer = Answer::status(200).body("application/json", AnswerBody::Bytes(bytes));
        for error in outcomes(&answer).into_iter().flatten() {
            let refused_close =
                (error.kind(), error.delivery()) == (ErrorKind::Rejected, Delivery::Rejected);
            let unreadable =
                (error.kind(), error.delivery()) == (ErrorKind::Protocol, Delivery::Unknown);
            assert!(refused_close || unreadable, "{name}: {error}");
        }
    }
}

#[test]
fn plain_texts() {
    for (_, bytes) in corpus("plain_text") {
        fuzzing::make_plain_text(&bytes);
    }
}

#[test]
fn answers() {
    for (_, bytes) in corpus("read_answer") {
        fuzzing::read_answer(&bytes);
    }
}

#[test]
fn envelopes() {
    for (name, bytes) in corpus("read_envelope") {
        fuzzing::read_envelope(&bytes);
        for (status, kind) in [(422, ErrorKind::Rejected), (500, ErrorKind::Server)] {
            let body = AnswerBody::Bytes(bytes.clone());
            let answer = Answer::status(status).body("application/json", body);
            for error in outcomes(&answer) {
                assert_eq!(error.unwrap().kind(), kind, "{name}");
            }
        }
    }
}

#[test]
fn retry_after() {
    for (name, bytes) in corpus("read_retry_after") {
        fuzzing::read_retry_after(&bytes);
        let value = String::from_utf8(bytes).unwrap();
        let answer = Answer::status(429).header("Retry-After", &value);
        for error in outcomes(&answer) {
            let error = error.unwrap();
            assert_eq!(error.kind(), ErrorKind::RateLimited, "{name}");
            if name == "seconds" {
                assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
            }
        }
    }
}

#[test]
fn studio_urls() {
    for (name, bytes) in corpus("studio_url") {
        let config = Config::new()
            .studio_url(String::from_utf8(bytes).unwrap())
            .api_key("key")
            .token("token");
        match Client::new(config) {
            Ok(client) => {
                let base = client.base_url();
                let is_ours = base.ends_with(".platform.polyai.app") || base.ends_with(".poly.ai");
                assert!(
                    base.starts_with("https://api.") && is_ours,
                    "{name}: {base}"
                );
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Configuration, "{name}: {error}"),
        }
    }
}

#[test]
fn scripts() {
    for (name, bytes) in corpus("script") {
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let outcome = Script::parse(text, &name);
            assert_eq!(
                outcome.is_err(),
                name.starts_with("wrong") || name.starts_with("not_"),
                "{name}: {outcome:?}"
            );
        }
    }
}
