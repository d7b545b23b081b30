//! What a host meets that has no thread, no descriptor or no memory left: an error that says so, and nothing that ends the host.
#![cfg(test)]
#![cfg(target_os = "linux")]

mod fixture;

use fixture::{KEY, config, simulator, slow_turn};
use polyai_chat_core::{Client, Create, Delivery, Error, ErrorKind, Respond};
use polyai_chat_simulator::Pause;
use std::fs::File;
use std::process::{Command, Output};

const FOREVER_MS: u64 = 600_000;

/// Runs a test of this program once more, in a process with this limit of the shell's `ulimit`.
fn limited(test: &str, limit: &str, url: &str) -> Output {
    Command::new("sh")
        .args([
            "-c",
            &format!("ulimit {limit}; exec \"$0\" --exact {test} --nocapture"),
        ])
        .arg(std::env::current_exe().unwrap())
        .env("URL", url)
        .output()
        .unwrap()
}

fn url() -> Option<String> {
    std::env::var("URL").ok()
}

fn check(error: &Error) {
    assert_eq!(
        (error.kind(), error.delivery(), error.attempts().len() <= 1),
        (ErrorKind::Unavailable, Delivery::NotSent, true),
        "{error}"
    );
    assert!(!error.to_string().contains(KEY));
}

#[test]
fn without_memory_for_threads_calls_are_refused_and_the_host_lives() {
    const CALLS: usize = 600;
    if let Some(url) = url() {
        let client = Client::new(config(&url)).unwrap();
        let conversation = client.create(Create::new()).unwrap();
        let mut started = Vec::new();
        let mut refused = 0;
        for _ in 0..CALLS {
            match conversation.start_respond(Respond::new("slow")) {
                Ok(turn) => started.push(turn),
                Err(error) => {
                    check(&error);
                    refused += 1;
                }
            }
        }
        assert!(
            refused > 0 && !started.is_empty(),
            "{refused} of {CALLS} are refused"
        );
        for turn in &started {
            turn.cancel();
        }
        for turn in started {
            assert_eq!(turn.take().unwrap_err().kind(), ErrorKind::Cancelled);
        }
        return;
    }
    let simulator = simulator();
    simulator
        .fail(slow_turn(Pause::Headers, FOREVER_MS))
        .unwrap();
    let test = "without_memory_for_threads_calls_are_refused_and_the_host_lives";
    // What is left at the end differs, and whether the allocator can take one more arena of 64 MB out of it.
    for kilobytes in (600_000..730_000).step_by(10_000) {
        let output = limited(test, &format!("-v {kilobytes}"), &simulator.url());
        assert!(output.status.success(), "{kilobytes} KB: {output:?}");
    }
}

#[test]
fn without_a_descriptor_a_call_is_refused_and_the_next_one_is_not() {
    if let Some(url) = url() {
        let client = Client::new(config(&url)).unwrap();
        let mut files = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            files.push(file);
        }
        check(&client.create(Create::new()).unwrap_err());
        files.truncate(10);
        client.create(Create::new()).unwrap();
        return;
    }
    let simulator = simulator();
    let test = "without_a_descriptor_a_call_is_refused_and_the_next_one_is_not";
    let output = limited(test, "-n 64", &simulator.url());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(simulator.counts().requests, 1);
}
