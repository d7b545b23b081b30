//! What reaches C of options and headers, byte for byte, but neither key nor token. Replies and errors are the conformance suite's.

use super::service;
use polyai_chat_abi::{KEY, Program, Running, TOKEN, scratch};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

/// What was printed about one step.
struct Outcome(BTreeMap<String, String>);

impl Outcome {
    fn get(&self, name: &str) -> &str {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }

    fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.get(name).replace("\\x5c", "\\")).unwrap()
    }

    fn assert(&self, expected: &[(&str, &str)]) {
        for (name, value) in expected {
            assert_eq!(self.get(name), *value, "{name} of {:?}", self.0);
        }
    }
}

fn run(command: &mut Command, steps: &[&str]) -> Vec<Outcome> {
    let finished = Running::start(command.args(steps)).finish().well();
    assert!(!finished.stdout.contains(KEY) && !finished.stdout.contains(TOKEN));
    let mut outcomes: Vec<Outcome> = Vec::new();
    for line in finished.stdout.lines() {
        if line.starts_with("> ") {
            outcomes.push(Outcome(BTreeMap::new()));
        } else {
            let (name, value) = line.split_once('=').unwrap();
            let fields = &mut outcomes.last_mut().unwrap().0;
            fields.insert(name.to_owned(), value.to_owned());
        }
    }
    assert_eq!(outcomes.len(), steps.len());
    outcomes
}

/// The simulator's headers are texts; this server's are bytes.
#[test]
fn a_header_that_is_not_utf8_arrives_with_its_bytes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(connection.try_clone().unwrap());
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 2 {
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        let body = br#"{"conversation_id": "c", "response": "Hello."}"#;
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Place: Z\xfcrich\r\n";
        connection.write_all(head).unwrap();
        write!(connection, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        connection.write_all(body).unwrap();
        // Until the client leaves.
        let _ = reader.read_to_end(&mut Vec::new());
    });
    let program = Program::build("tests/abi/programs/steps.c");
    let url = format!("set|base_url|http://{address}");
    let outcomes = run(
        &mut program.command(),
        &[
            &url,
            "set|api_key|a",
            "set|token|b",
            "set|account_id|c",
            "set|project_id|d",
            "client",
            "create",
            "greeting",
        ],
    );
    outcomes[7].assert(&[("header x-place", "Z\\xfcrich"), ("response", "Hello.")]);
    server.join().unwrap();
}

#[test]
fn options_come_from_profiles_and_the_environment_and_say_so() {
    let simulator = service().start().unwrap();
    let file = scratch("profiles").join(format!("{}.toml", std::process::id()));
    let text = format!(
        "[default]\napi_key = \"{KEY}\"\ntoken = \"{TOKEN}\"\naccount_id = \"acme-uk\"\nproject_id = \"acme-team-4\"\n\
         base_url = \"{}\"\ntimeout_ms = 1234\n\n[other]\ntimeout_ms = \"soon\"\n",
        simulator.url()
    );
    std::fs::write(&file, text).unwrap();
    let path = file.display();
    let program = Program::build("tests/abi/programs/steps.c");
    let mut command = program.command();
    command.env("POLYAI_MAX_ATTEMPTS", "2");
    let outcomes = run(
        &mut command,
        &[
            &format!("profile|default|{path}"),
            &format!("profile|other|{path}"),
            &format!("profile|third|{path}"),
            "environment",
            "set|timeout_ms|0",
            "set|nonsense|1",
            "set|close_timeout_ms|777",
            "describe",
            "client",
            "create",
            "close",
        ],
    );
    std::fs::remove_file(&file).unwrap();
    let status = |index: usize| outcomes[index].get("status");
    assert_eq!([status(0), status(3), status(9), status(10)], ["ok"; 4]);
    assert_eq!([status(1), status(2), status(4)], ["configuration"; 3]);
    assert!(outcomes[1].get("message").contains(&path.to_string()));
    assert_eq!(status(5), "invalid_argument");
    let description = outcomes[7].json("description");
    let option = |name: &str| {
        let all = description.as_array().unwrap();
        let found = all.iter().find(|option| option["name"] == name).unwrap();
        (
            found["value"].clone(),
            found["origin"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(option("api_key").0, "set");
    assert_eq!(option("timeout_ms").0, "1234");
    assert!(option("timeout_ms").1.contains(&path.to_string()));
    assert_eq!(option("max_attempts").0, "2");
    assert!(option("max_attempts").1.contains("POLYAI_MAX_ATTEMPTS"));
    assert_eq!(option("close_timeout_ms").0, "777");
}
