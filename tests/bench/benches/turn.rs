//! What the parts of a turn cost that depend on its size, or on how much else the client holds.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use polyai_chat_core::benchmarks::{IdleConnections, read_reply, respond_body};
use polyai_chat_core::{Config, Respond};

const ID: &str = "56c2cd05-bac2-4ee7-99b6-93054076713d";

fn main() {
    divan::main();
}

/// The body of a request with a message of so many bytes.
#[divan::bench(args = [20, 200, 2_000, 200_000])]
fn build_a_request(bencher: Bencher<'_, '_>, message_bytes: usize) {
    let request = Respond::new("m".repeat(message_bytes));
    bencher
        .counter(BytesCount::new(message_bytes))
        .bench_local(|| {
            respond_body(black_box(ID), black_box(&request)).expect("it has only a message")
        });
}

/// A reply with so many bytes of the agent's words.
#[divan::bench(args = [20, 200, 2_000, 200_000])]
fn parse_a_reply(bencher: Bencher<'_, '_>, response_bytes: usize) {
    let reply = format!(
        r#"{{"conversation_id":"{ID}","response":"{}","end_conversation":false,"handoff":null}}"#,
        "r".repeat(response_bytes)
    );
    assert_eq!(read_reply(reply.as_bytes(), ID), Some(response_bytes));
    bencher
        .counter(BytesCount::new(reply.len()))
        .bench_local(|| read_reply(black_box(reply.as_bytes()), ID));
}

/// One taken and put back, beside so many other idle connections.
#[divan::bench(args = [1, 10, 100, 1_000, 10_000])]
fn take_and_put_a_connection(bencher: Bencher<'_, '_>, idle: u32) {
    let config = Config::new()
        .base_url("https://chat.example")
        .account_id("account")
        .project_id("project")
        .api_key("key")
        .token("token")
        .max_idle_connections(idle.into());
    let connections = IdleConnections::new(idle, &config).expect("the configuration is complete");
    assert!(connections.take_and_put());
    bencher.bench_local(|| connections.take_and_put());
}
