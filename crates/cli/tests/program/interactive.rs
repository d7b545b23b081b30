use crate::support::{KEY, Program, Ran, TOKEN, simulator};
use polyai_chat_simulator::Operation;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Runs the program on a terminal. Each step is what to wait for, and what to type then; `SIGTERM` is not typed but sent.
fn at_the_prompt(program: &Program, arguments: &[&str], steps: &[(&str, &str)]) -> Ran {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/terminal.py");
    let steps = serde_json::to_string(steps).unwrap();
    let mut all = vec![
        python.to_str().unwrap(),
        &steps,
        env!("CARGO_BIN_EXE_polyai-chat"),
    ];
    all.extend(arguments);
    Ran::from(program.in_environment("python3", &all).output().unwrap())
}

#[test]
fn a_conversation_is_held_closed_and_begun_anew() {
    let program = Program::new();
    let ran = at_the_prompt(
        &program,
        &["chat", "--simulator"],
        &[
            ("simulator, no PolyAI service contacted", ""),
            ("How can I help?", ""),
            ("you>", "Where is my order?\r"),
            ("What is your order number?", ""),
            ("you>", "/hepl\r"),
            ("there is no /hepl", ""),
            ("you>", "/help\r"),
            ("/restart", ""),
            ("you>", "half a line\u{3}"),
            ("Ctrl-D closes", ""),
            ("you>", "/close\r"),
            ("the conversation is closed", ""),
            ("you>", "hello\r"),
            ("/restart begins one", ""),
            ("you>", "/restart\r"),
            ("How can I help?", ""),
            ("you>", "Can I speak to a human?\r"),
            ("to returns-desk (reason: customer_request)", ""),
            ("you>", "\u{4}"),
            ("the conversation is closed", ""),
        ],
    );
    ran.assert_status(0);
    let history = program.home.path().join(".local/state/polyai/history");
    let mode = std::fs::metadata(&history).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        std::fs::read_to_string(&history)
            .unwrap()
            .contains("Where is my order?")
    );
}

#[test]
fn ctrl_c_gives_the_turn_up_and_keeps_the_conversation() {
    let program = Program::new();
    let script = program.file(
        "agent.toml",
        "greeting = \"Hello!\"\ndefault_reply = \"You said: {message}\"\n[[rules]]\npattern = 'think'\nreply = \"done\"\ndelay_ms = 60000\n",
    );
    let ran = at_the_prompt(
        &program,
        &[
            "chat",
            "--simulator",
            "--simulator-script",
            &script,
            "--no-history",
        ],
        &[
            ("you>", "think\r"),
            // The waiting indicator.
            ("agent> .", "\u{3}"),
            ("the agent may have heard it", ""),
            ("you>", "go on\r"),
            ("You said: go on", ""),
            ("you>", "/exit\r"),
            ("the conversation is closed", ""),
        ],
    );
    ran.assert_status(0);
    assert!(!program.home.path().join(".local").exists());
}

#[test]
fn sigterm_at_the_prompt_closes_the_conversation() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let ran = at_the_prompt(&program, &["chat"], &[("you>", "SIGTERM")]);
    ran.assert_status(143);
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn keys_that_are_typed_are_not_shown() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator)
        .with("POLYAI_API_KEY", "wrong")
        .with("POLYAI_TOKEN", "wrong");
    let ran = at_the_prompt(
        &program,
        &["chat", "--prompt-keys"],
        &[
            ("API key:", &format!("{KEY}\r")),
            ("Connector token:", &format!("{TOKEN}\r")),
            ("How can I help?", ""),
            ("you>", "/exit\r"),
        ],
    );
    ran.assert_status(0);
    ran.assert_keeps_secrets();
}

#[test]
fn a_recording_holds_every_conversation_of_the_prompt_and_silence() {
    let program = Program::new();
    let file = program.path("talk.toml");
    let ran = at_the_prompt(
        &program,
        &["chat", "--simulator", "--record", &file],
        &[
            ("you>", "/silence\r"),
            ("Are you still there?", ""),
            ("you>", "/restart\r"),
            ("How can I help?", ""),
            ("you>", "Can I speak to a human?\r"),
            ("to returns-desk", ""),
            ("you>", "/exit\r"),
            ("the conversation is closed", ""),
        ],
    );
    ran.assert_status(0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("[[conversations]]").count(), 2, "{text}");
    assert_eq!(text.matches("no_message = true").count(), 1, "{text}");
    assert_eq!(
        text.matches("destination = \"returns-desk\"").count(),
        1,
        "{text}"
    );
    polyai_chat_simulator::Script::parse(&text, "talk.toml").unwrap();
}
