//! Turns by ureq as it comes; with `BENCH_DEADLINE_S` with a deadline for each call. See `turns.rs`.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program of the benchmark asks the system for times, and fails loudly"
)]

mod turns;

use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;
use ureq::Agent;

struct Ureq {
    agent: Agent,
    respond: String,
    conversation_id: String,
}

static AGENT: OnceLock<Agent> = OnceLock::new();

fn agent() -> Agent {
    let deadline = std::env::var("BENCH_DEADLINE_S").ok();
    let deadline = deadline.map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    let mut config = Agent::config_builder().timeout_global(deadline);
    // By itself it keeps three connections. Who holds many conversations would set that.
    if let Ok(connections) = std::env::var("BENCH_CONNECTIONS") {
        let connections = connections.parse().unwrap();
        config = config
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections);
    }
    config.build().into()
}

fn post(agent: &Agent, url: &str, body: &Value) -> Value {
    let reply = agent
        .post(url)
        .header("X-API-KEY", "simulator-key")
        .header("X-TOKEN", "simulator-token")
        .header("Content-Type", "application/json")
        .send(serde_json::to_vec(body).unwrap())
        .unwrap()
        .into_body();
    serde_json::from_reader(reply.into_reader()).unwrap()
}

impl turns::Stack for Ureq {
    fn open(url: &str, _ca_file: Option<&str>) -> Self {
        let agent = AGENT.get_or_init(agent).clone();
        let chat = format!("{url}/v1/simulator-account/simulator-project/chat");
        let created = post(&agent, &format!("{chat}/create"), &json!({}));
        Self {
            agent,
            respond: format!("{chat}/respond"),
            conversation_id: created["conversation_id"].as_str().unwrap().to_owned(),
        }
    }

    fn turn(&mut self) -> usize {
        let body = json!({"conversation_id": self.conversation_id, "message": turns::MESSAGE});
        let reply = post(&self.agent, &self.respond, &body);
        reply["response"].as_str().unwrap().len()
    }
}

fn main() {
    turns::run::<Ureq>();
}
