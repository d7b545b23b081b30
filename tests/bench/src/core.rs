//! Turns by the Rust core. See `turns.rs` for how it is used.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program of the benchmark asks the system for times, and fails loudly"
)]

mod turns;

use polyai_chat_core::{Client, Config, Conversation, Create};
use std::sync::OnceLock;

struct Core(Conversation);

static CLIENT: OnceLock<Client> = OnceLock::new();

fn client(url: &str, ca_file: Option<&str>) -> Client {
    let mut config = Config::new();
    let mut set = |name, value| {
        config.set(name, value).unwrap();
    };
    set("base_url", url);
    set("account_id", "simulator-account");
    set("project_id", "simulator-project");
    set("api_key", "simulator-key");
    set("token", "simulator-token");
    set("timeout_ms", "30000");
    if let Some(ca_file) = ca_file {
        set("ca_file", ca_file);
    }
    Client::new(config).unwrap()
}

impl turns::Stack for Core {
    fn open(url: &str, ca_file: Option<&str>) -> Self {
        let client = CLIENT.get_or_init(|| client(url, ca_file));
        Self(client.create(Create::new()).unwrap())
    }

    fn turn(&mut self) -> usize {
        self.0.respond(turns::MESSAGE).unwrap().response().len()
    }
}

fn main() {
    turns::run::<Core>();
}
