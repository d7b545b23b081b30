//! Turns by reqwest's blocking client, with its default deadline of 30 s for each call. See `../../src/turns.rs`.

#[path = "../../src/turns.rs"]
mod turns;

use reqwest::blocking::Client;
use serde_json::{Value, json};
use std::sync::OnceLock;

struct Reqwest {
    client: Client,
    respond: String,
    conversation_id: String,
}

static CLIENT: OnceLock<Client> = OnceLock::new();

fn post(client: &Client, url: &str, body: &Value) -> Value {
    client
        .post(url)
        .header("X-API-KEY", "simulator-key")
        .header("X-TOKEN", "simulator-token")
        .json(body)
        .send()
        .unwrap()
        .error_for_status()
        .unwrap()
        .json()
        .unwrap()
}

impl turns::Stack for Reqwest {
    fn open(url: &str, _ca_file: Option<&str>) -> Self {
        let client = CLIENT.get_or_init(Client::new).clone();
        let chat = format!("{url}/v1/simulator-account/simulator-project/chat");
        let created = post(&client, &format!("{chat}/create"), &json!({}));
        Self {
            client,
            respond: format!("{chat}/respond"),
            conversation_id: created["conversation_id"].as_str().unwrap().to_owned(),
        }
    }

    fn turn(&mut self) -> usize {
        let body = json!({"conversation_id": self.conversation_id, "message": turns::MESSAGE});
        let reply = post(&self.client, &self.respond, &body);
        reply["response"].as_str().unwrap().len()
    }
}

fn main() {
    turns::run::<Reqwest>();
}
