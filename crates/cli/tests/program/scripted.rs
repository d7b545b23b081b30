use crate::support::{Program, simulator};
use polyai_chat_simulator::{Answer, Dialect, Fault, Operation, Simulator};
use serde_json::json;

#[test]
fn the_demonstration_shows_what_the_library_does() {
    let ran = Program::new().run(&[
        "chat",
        "--simulator",
        "--variant-id",
        "billing",
        "--attribute",
        "customer_name=Sam",
        "-m",
        "Where is my order?",
        "-m",
        "Can I speak to a human, please?",
    ]);
    ran.assert_status(0);
    let expected = [
        "simulator, no PolyAI service contacted",
        "create  variant_id: billing",
        "        integration_attributes: {\"customer_name\":\"Sam\"}",
        "agent>  Hello Sam, this is Acme billing. Is it about an invoice or a payment?",
        "you>    Where is my order?",
        "agent>  I can look that up. What is your order number?",
        "you>    Can I speak to a human, please?",
        "agent>  Of course. I am putting you through to a colleague now.",
        "handoff to returns-desk (reason: customer_request)",
        "close   the conversation is closed",
    ];
    assert_eq!(ran.output.lines().collect::<Vec<_>>(), expected);
    assert_eq!(ran.errors, "");
}

#[test]
fn json_is_one_object_of_this_shape() {
    let ran = Program::new().run(&[
        "chat",
        "--simulator",
        "--json",
        "-m",
        "Can I speak to a human?",
        "-m",
        "bye",
        "-m",
        "more",
    ]);
    ran.assert_status(0);
    assert_eq!(ran.errors.trim(), "simulator, no PolyAI service contacted");
    let report = ran.json();
    let names = |value: &serde_json::Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&report),
        ["closed", "conversation_id", "error", "greeting", "turns"]
    );
    assert!(ran.output.starts_with("{\"conversation_id\":"));
    let turns = report["turns"].as_array().unwrap();
    assert_eq!(
        turns.len(),
        2,
        "it stops when the agent ends the conversation"
    );
    for turn in turns {
        assert_eq!(
            names(turn),
            [
                "correlation_id",
                "elapsed_ms",
                "end_conversation",
                "handoff",
                "message",
                "response"
            ]
        );
        assert!(turn["elapsed_ms"].as_f64().unwrap() > 0.0);
        assert_eq!(turn["correlation_id"].as_str().unwrap().len(), 36);
    }
    assert_eq!(
        turns[0]["handoff"],
        json!({"destination": "returns-desk", "reason": "customer_request"})
    );
    assert_eq!(turns[0]["end_conversation"], false);
    assert_eq!(turns[1]["handoff"], json!(null));
    assert_eq!(turns[1]["end_conversation"], true);
    assert_eq!(report["closed"], true);
    assert_eq!(report["error"], json!(null));
}

#[test]
fn every_line_of_a_file_is_a_turn_of_one_conversation_on_one_connection() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let lines: String = (0..500)
        .map(|number| format!("question {number}\r\n\n"))
        .collect();
    let file = program.file("questions.txt", &lines);
    let ran = program.run(&["chat", "--json", "-m", "first", "--input-file", &file]);
    ran.assert_status(0);
    let report = ran.json();
    let turns = report["turns"].as_array().unwrap();
    assert_eq!(turns.len(), 501);
    assert_eq!(turns[0]["message"], "first");
    assert_eq!(turns[500]["message"], "question 499");
    assert_eq!(simulator.connections(), 1);
    assert_eq!(simulator.requests_to(Operation::Create), 1);
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn the_standard_input_is_read_when_asked_for_and_when_it_is_no_terminal() {
    let program = Program::new();
    for arguments in [
        &["chat", "--simulator", "--json", "--input-file", "-"][..],
        &["chat", "--simulator", "--json"],
    ] {
        let ran = program.run_with_input(arguments, b"one\ntwo");
        ran.assert_status(0);
        assert_eq!(ran.json()["turns"][1]["message"], "two");
    }
    let ran = program.run_with_input(&["chat", "--simulator"], b"hello\n");
    ran.assert_status(0);
    ran.assert_shows("you>    hello\nagent>  Hello again!");
}

#[test]
fn nothing_is_sent_of_a_file_that_is_not_text() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let file = program.file("questions.txt", b"one\ntwo \xff\n");
    let ran = program.run(&["chat", "--json", "--input-file", &file]);
    ran.assert_status(11);
    let message = ran.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("questions.txt, line 2"), "{message}");
    assert_eq!(simulator.counts().requests, 0);
    let ran = program.run(&["chat", "--input-file", "/nowhere"]);
    ran.assert_status(11);
    assert_eq!(simulator.counts().requests, 0);
}

#[test]
fn wrong_input_from_a_stream_closes_the_conversation() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let ran = program.run_with_input(&["chat", "--json"], b"one\n\xff\n");
    ran.assert_status(11);
    let report = ran.json();
    assert_eq!(report["turns"].as_array().unwrap().len(), 1);
    assert_eq!(report["closed"], true);
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn an_error_closes_the_conversation_and_gives_the_status_of_its_kind() {
    let simulator = simulator();
    simulator
        .fail(
            Fault::new(Answer::status(503))
                .on(Operation::Respond)
                .nth(2),
        )
        .unwrap();
    let program = Program::for_simulator(&simulator);
    let ran = program.run(&["chat", "--json", "-m", "one", "-m", "two", "-m", "three"]);
    ran.assert_status(20);
    let report = ran.json();
    assert_eq!(report["turns"].as_array().unwrap().len(), 1);
    assert_eq!(report["closed"], true);
    let error = &report["error"];
    assert_eq!(error["kind"], "server");
    assert_eq!(error["number"], 10);
    assert_eq!(error["delivery"], "unknown");
    assert_eq!(error["may_resend"], false);
    assert_eq!(error["status"], 503);
    assert_eq!(error["phase"], "reply");
    assert!(error["correlation_id"].is_string());
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn an_error_before_anything_was_created_has_no_conversation() {
    let report = Program::new().run(&["chat", "--json", "-m", "x"]).json();
    assert_eq!(report["conversation_id"], json!(null));
    assert_eq!(report["error"]["kind"], "configuration");
    assert_eq!(report["error"]["may_resend"], true);
    let simulator = simulator();
    simulator
        .fail(Fault::new(Answer::status(429)).on(Operation::Create))
        .unwrap();
    let ran =
        Program::for_simulator(&simulator).run(&["chat", "--json", "--timeout", "2s", "-m", "x"]);
    ran.assert_status(19);
    assert_eq!(ran.json()["conversation_id"], json!(null));
    assert_eq!(ran.json()["closed"], false);
    assert_eq!(simulator.requests_to(Operation::Close), 0);
}

#[test]
fn a_conversation_that_is_closed_cannot_be_gone_on_with() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let ran = program.run(&["chat", "--json", "-m", "one"]);
    ran.assert_status(0);
    let id = ran.json()["conversation_id"].as_str().unwrap().to_owned();
    let ran = program.run(&["chat", "--json", "--conversation-id", &id, "-m", "two"]);
    ran.assert_status(17);
    assert_eq!(ran.json()["greeting"], "");
    assert_eq!(ran.json()["conversation_id"], id.as_str());
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn an_attached_conversation_is_closed_only_when_asked_for() {
    let simulator = Simulator::builder().start().unwrap();
    let client = polyai_chat_core::Client::new(
        polyai_chat_core::Config::new()
            .base_url(simulator.url())
            .account_id(simulator.account_id())
            .project_id(simulator.project_id())
            .api_key(simulator.api_key())
            .token(simulator.token()),
    )
    .unwrap();
    let conversation = client.create(polyai_chat_core::Create::new()).unwrap();
    let program = Program::for_simulator(&simulator);
    let ran = program.run(&[
        "chat",
        "--json",
        "--conversation-id",
        conversation.id(),
        "-m",
        "one",
    ]);
    ran.assert_status(0);
    assert_eq!(ran.json()["closed"], false);
    assert_eq!(simulator.requests_to(Operation::Close), 0);
    let ran = program.run(&[
        "chat",
        "--json",
        "--conversation-id",
        conversation.id(),
        "--close",
        "-m",
        "two",
    ]);
    ran.assert_status(0);
    assert_eq!(ran.json()["closed"], true);
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn both_dialects_are_spoken() {
    let ran = Program::new().words("chat --simulator --dialect legacy --json -m hello");
    ran.assert_status(0);
    assert_eq!(
        ran.json()["closed"],
        false,
        "the legacy dialect has no close"
    );
    let simulator = Simulator::builder()
        .dialect(Dialect::Legacy)
        .start()
        .unwrap();
    let program = Program::for_simulator(&simulator);
    program
        .run(&["chat", "--user-id", "8c1", "-m", "hello"])
        .assert_status(0);
    let ran = program.run(&["chat", "--variant-id", "x", "-m", "hello"]);
    ran.assert_status(13);
    assert_eq!(simulator.requests_to(Operation::Create), 1);
}

#[test]
fn the_transcript_is_appended_as_text_or_as_json_lines() {
    let program = Program::new();
    let (text, lines) = (
        program.path("transcript.txt"),
        program.path("transcript.jsonl"),
    );
    for file in [&text, &text, &lines] {
        let ran = program.run(&[
            "chat",
            "--simulator",
            "--transcript",
            file,
            "-m",
            "Where is my order?",
        ]);
        ran.assert_status(0);
    }
    let written = std::fs::read_to_string(&text).unwrap();
    assert_eq!(written.matches("you>    Where is my order?").count(), 2);
    assert!(written.contains("simulator, no PolyAI service contacted"));
    assert!(!written.contains('\u{1b}'));
    let events: Vec<serde_json::Value> = std::fs::read_to_string(&lines)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<_> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["begun", "turn", "closed"]);
    assert_eq!(events[1]["message"], "Where is my order?");
    if cfg!(target_os = "linux") {
        let ran = program.words("chat --simulator --transcript /dev/full -m hello");
        ran.assert_status(1);
    }
    let ran = program.words("chat --simulator --transcript /nowhere/x -m hello");
    ran.assert_status(11);
}

#[test]
fn a_reply_cannot_take_the_terminal_over() {
    let program = Program::new();
    let script = program.file(
        "agent.toml",
        "greeting = \"two\\nlines\"\ndefault_reply = \"\\u001b]0;title\\u0007\"\n",
    );
    let ran = program.words(&format!(
        "chat --simulator --simulator-script {script} -m x"
    ));
    ran.assert_status(0);
    ran.assert_shows("agent>  two\n        lines\n");
    assert!(!ran.output.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn the_environment_and_profiles_have_no_say_in_a_simulated_conversation() {
    let program = Program::new()
        .with("POLYAI_REGION", "mars")
        .with("POLYAI_STUDIO_URL", "nonsense")
        .with("POLYAI_TIMEOUT_MS", "soon")
        .with("POLYAI_PROFILE", "missing");
    program
        .run(&["chat", "--simulator", "-m", "hello"])
        .assert_status(0);
}
