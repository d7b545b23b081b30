//! Everything that the library tells of replies and errors reaches C, byte for byte, and neither key nor token does.

use super::service;
use polyai_chat_abi::{KEY, Program, Running, TOKEN, scratch};
use polyai_chat_simulator::{
    Action, Answer, AnswerBody, Dialect, Fault, Moment, Operation, RetryAfter, Simulator,
};
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

fn steps(simulator: &Simulator, steps: &[&str]) -> Vec<Outcome> {
    let program = Program::build("tests/abi/programs/steps.c");
    run(&mut program.command_for(simulator), steps)
}

#[test]
fn every_field_of_a_reply() {
    let simulator = service().start().unwrap();
    let more = Action::AlterReply {
        set: serde_json::from_str(r#"{"sentiment": {"score": 0.5}}"#).unwrap(),
        remove: Vec::new(),
        pad_response: 0,
    };
    let place = Action::AddHeaders {
        lines: vec!["X-Place: Zürich".to_owned(), "X-Place: Genf".to_owned()],
        filler: 0,
    };
    for action in [more, place] {
        simulator
            .fail(Fault::new(action).on(Operation::Respond).nth(1))
            .unwrap();
    }
    let outcomes = steps(
        &simulator,
        &[
            "environment",
            "client",
            "request|correlation_id|from-the-start",
            "create",
            "greeting",
            "respond|human",
            "respond",
            "respond|bye",
            "state",
            "respond|too late",
            "close",
            "close",
            "metrics",
            "recent_attempts",
        ],
    );
    let [
        _,
        client,
        _,
        create,
        greeting,
        human,
        nothing,
        bye,
        state,
        late,
        close,
        again,
        metrics,
        recent,
    ] = &outcomes[..]
    else {
        panic!("{} outcomes", outcomes.len());
    };
    let id = create.get("id");
    client.assert(&[("dialect", "current"), ("proxy", "(none)")]);
    assert_eq!(client.get("base_url"), simulator.url());
    create.assert(&[("status", "ok"), ("greeting", "Hello there.")]);
    greeting.assert(&[
        ("response", "Hello there."),
        ("conversation_id", id),
        ("user_id", "(none)"),
        ("correlation_id", "from-the-start"),
        ("end", "0"),
    ]);
    human.assert(&[
        ("response", "One moment."),
        ("has_handoff", "1"),
        ("handoff_destination", "billing"),
        ("handoff_reason", "asked for a human"),
        ("conversation_id", id),
        ("unknown_fields", r#"{"sentiment":{"score":0.5}}"#),
        ("end", "0"),
        ("was_over", "0"),
        ("header x-place", "Genf"), // printed last; the first is below
        ("header content-type", "application/json"),
    ]);
    assert_eq!(human.json("handoff_json")["queue"], 7);
    assert_eq!(human.json("raw_json")["conversation_id"], id);
    nothing.assert(&[
        ("status", "ok"),
        ("has_handoff", "0"),
        ("handoff_json", "(none)"),
    ]);
    bye.assert(&[("response", "Goodbye."), ("end", "1")]);
    state.assert(&[("state", "3")]);
    late.assert(&[
        ("status", "conversation_ended"),
        ("delivery", "not_sent"),
        ("may_resend", "1"),
        ("http_status", "0"),
        ("attempt_count", "0"),
        ("attempts", "[]"),
    ]);
    close.assert(&[
        ("status", "ok"),
        ("response", "(none)"),
        ("conversation_id", "(none)"),
        ("end", "1"),
        ("was_over", "1"),
    ]);
    again.assert(&[
        ("status", "ok"),
        ("correlation_id", close.get("correlation_id")),
    ]);
    assert_eq!(metrics.json("metrics")["breaker"], "closed");
    assert_eq!(recent.json("recent_attempts").as_array().unwrap().len(), 5);
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn every_field_of_an_error() {
    let simulator = service().start().unwrap();
    let limited = Answer::status(429)
        .error_code("RATE_LIMITED")
        .retry_after(RetryAfter::Seconds(9))
        .header("X-Place", "Zürich");
    let faults: [Action; 3] = [
        limited.into(),
        Answer::status(200)
            .body("text/html", AnswerBody::Bytes(b"<h1>\xff\0</h1>".to_vec()))
            .processed()
            .into(),
        Action::Reset {
            at: Moment::AfterTurn,
        },
    ];
    for (turn, action) in (1..).zip(faults) {
        simulator
            .fail(Fault::new(action).on(Operation::Respond).nth(turn))
            .unwrap();
    }
    let outcomes = steps(
        &simulator,
        &[
            "environment",
            "set|max_attempts|1",
            "log",
            "log_attempts",
            "client",
            "create",
            "respond|one",
            "respond|two",
            "respond|three",
            "state",
            "client_respond|nobody|hello",
            "replace_credentials|canary-wrong|canary-pair",
            "respond|four",
            "set|api_key|canary\nbroken",
        ],
    );
    let [
        ..,
        create,
        limited,
        html,
        lost,
        state,
        unknown,
        _,
        refused,
        broken,
    ] = &outcomes[..]
    else {
        panic!("{} outcomes", outcomes.len());
    };
    assert!(create.get("log").contains("create"));
    assert_eq!(create.json("attempt")["operation"], "create");
    limited.assert(&[
        ("status", "rate_limited"),
        ("kind", "rate_limited"),
        ("delivery", "rejected"),
        ("may_resend", "1"),
        ("http_status", "429"),
        ("code", "RATE_LIMITED"),
        ("retry_after_ms", "9000"),
        ("attempt_count", "1"),
        ("header x-place", "Z\\xc3\\xbcrich"),
        ("header retry-after", "9"),
    ]);
    assert_ne!(limited.get("service_message"), "(none)");
    assert_ne!(limited.get("body_excerpt"), "(none)");
    let id = limited.get("correlation_id");
    assert_eq!(limited.json("attempts")[0]["correlation_id"], id);
    assert!(
        limited.get("text").contains(id) && limited.get("text").contains(limited.get("message"))
    );
    html.assert(&[
        ("status", "protocol"),
        ("delivery", "unknown"),
        ("may_resend", "0"),
    ]);
    assert!(
        html.get("body_excerpt").starts_with("<h1>"),
        "{}",
        html.get("body_excerpt")
    );
    lost.assert(&[
        ("status", "connect"),
        ("delivery", "unknown"),
        ("http_status", "0"),
        ("code", "(none)"),
        ("service_message", "(none)"),
        ("body_excerpt", "(none)"),
    ]);
    assert_ne!(lost.get("cause"), "(none)");
    assert_ne!(lost.get("phase"), "(none)");
    state.assert(&[("state", "2")]);
    unknown.assert(&[("status", "not_found"), ("delivery", "rejected")]);
    refused.assert(&[("status", "authentication"), ("http_status", "401")]);
    for outcome in &outcomes {
        for value in outcome.0.values() {
            assert!(!value.contains("canary"), "{:?}", outcome.0);
        }
    }
    // Its value is checked when it is used.
    assert!(["ok", "configuration"].contains(&broken.get("status")));
}

#[test]
fn texts_that_are_unusual_arrive_whole() {
    let simulator = service().start().unwrap();
    let body = r#"{"conversation_id": "known", "response": "a\u0000b\ud800c ü", "end_conversation": false}"#;
    let answer = Answer::status(200).body("application/json", AnswerBody::Text(body.to_owned()));
    simulator
        .fail(Fault::new(answer).on(Operation::Respond))
        .unwrap();
    let outcomes = steps(
        &simulator,
        &[
            "environment",
            "client",
            "attach|known",
            "respond|one",
            "client_respond|known|two",
        ],
    );
    let [_, _, attach, respond, by_id] = &outcomes[..] else {
        panic!("{} outcomes", outcomes.len());
    };
    attach.assert(&[("id", "known"), ("greeting", "")]);
    for reply in [respond, by_id] {
        reply.assert(&[
            ("response", "a\\x00b\\xef\\xbf\\xbdc \\xc3\\xbc"),
            ("conversation_id", "known"),
        ]);
        let raw = body.replace('\\', "\\x5c").replace('ü', "\\xc3\\xbc");
        assert_eq!(reply.get("raw_json"), raw);
    }
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
fn the_legacy_dialect_has_its_own_fields_and_no_close() {
    let simulator = service().dialect(Dialect::Legacy).start().unwrap();
    let outcomes = steps(
        &simulator,
        &[
            "environment",
            "client",
            "request|user_id|sam-1",
            "request|metadata|{\"customer_name\": \"Sam\"}",
            "request|message|first words",
            "create",
            "greeting",
            "respond|one",
            "close",
            "close_if_open",
            "state",
            "request|metadata|[]",
            "request|message|not of a respond",
            "respond|two",
        ],
    );
    let [
        _,
        client,
        _,
        _,
        _,
        create,
        greeting,
        respond,
        close,
        at_end,
        state,
        no_object,
        _,
        misplaced,
    ] = &outcomes[..]
    else {
        panic!("{} outcomes", outcomes.len());
    };
    client.assert(&[("dialect", "legacy")]);
    create.assert(&[("status", "ok")]);
    greeting.assert(&[("user_id", "sam-1"), ("conversation_id", create.get("id"))]);
    respond.assert(&[("response", "You said: one"), ("user_id", "(none)")]);
    close.assert(&[("status", "unsupported"), ("delivery", "not_sent")]);
    at_end.assert(&[("status", "ok")]);
    state.assert(&[("state", "1")]);
    no_object.assert(&[
        ("status", "invalid_argument"),
        (
            "message",
            "metadata must be a JSON object, such as {\"name\": \"value\"}, not an array",
        ),
    ]);
    misplaced.assert(&[("status", "invalid_argument")]);
    let created = &simulator.received()[0];
    assert_eq!(created.json().unwrap()["message"], "first words");
    assert_eq!(simulator.counts().requests, 2);
}

#[test]
fn calls_without_a_conversation_and_with_new_credentials() {
    let simulator = service().start().unwrap();
    let first = steps(&simulator, &["environment", "client", "create"]);
    let id = first[2].get("id").to_owned();
    let program = Program::build("tests/abi/programs/steps.c");
    let mut command = program.command_for(&simulator);
    simulator.replace_credentials("canary-second-key", "canary-second-token");
    let outcomes = run(
        &mut command,
        &[
            "environment",
            "client",
            "warm_up|5000",
            &format!("client_respond|{id}|one"),
            "replace_credentials|canary-second-key|canary-second-token",
            &format!("client_respond|{id}|two"),
            &format!("attach|{id}"),
            "respond|three",
            &format!("client_close|{id}"),
            "client_close|nobody",
            "replace_credentials|a\nb|c",
            "shut_down",
            "warm_up|5000",
        ],
    );
    let status = |index: usize| outcomes[index].get("status");
    assert_eq!(status(3), "authentication");
    outcomes[5].assert(&[("response", "You said: two")]);
    outcomes[7].assert(&[("response", "You said: three")]);
    outcomes[8].assert(&[("status", "ok"), ("was_over", "0")]);
    outcomes[9].assert(&[("status", "ok"), ("was_over", "1")]);
    assert!(["invalid_argument", "configuration"].contains(&status(10)));
    assert_eq!(status(12), "cancelled");
    assert_eq!(simulator.conversation(&id).unwrap().turns, 2);
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
