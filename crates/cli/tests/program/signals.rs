use crate::support::{LONG, Program, Ran, signal, simulator};
use polyai_chat_simulator::{Action, Fault, Operation, Pause, Simulator};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

/// The agent thinks about its reply for longer than the test takes.
fn thoughtful() -> Simulator {
    let simulator = simulator();
    let delay = Action::delay(Pause::Headers, 60_000);
    simulator
        .fail(Fault::new(delay).on(Operation::Respond))
        .unwrap();
    simulator
}

#[test]
fn a_signal_cancels_the_turn_and_closes_the_conversation() {
    for (name, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let simulator = thoughtful();
        let program = Program::for_simulator(&simulator);
        let child = program.spawn(&["chat", "--json", "-m", "one", "-m", "two"]);
        assert!(simulator.wait_for(|records| records.requests_to(Operation::Respond) == 1, LONG));
        signal(&child, name);
        let ran = Ran::from(child.wait_with_output().unwrap());
        ran.assert_status(status);
        let report = ran.json();
        assert_eq!(report["error"]["kind"], "cancelled");
        assert_eq!(report["error"]["delivery"], "unknown");
        assert_eq!(report["closed"], true);
        assert_eq!(simulator.requests_to(Operation::Close), 1);
    }
}

#[test]
fn a_signal_while_there_is_nothing_to_read_closes_the_conversation() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let mut child = program
        .command(&["chat", "--json", "--input-file", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"one\n").unwrap();
    assert!(simulator.wait_for(|records| records.requests_to(Operation::Respond) == 1, LONG));
    signal(&child, "INT");
    let ran = Ran::from(child.wait_with_output().unwrap());
    ran.assert_status(130);
    assert_eq!(ran.json()["error"]["kind"], "cancelled");
    assert_eq!(simulator.requests_to(Operation::Close), 1);
    drop(input);
}

#[test]
fn a_reader_that_goes_away_ends_the_conversation_in_order() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let mut child = program
        .command(&["chat", "--input-file", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut greeting = String::new();
    output.read_line(&mut greeting).unwrap();
    drop(output);
    // More than one line: a process that another test is just starting may hold the pipe open for a moment.
    while input.write_all(b"one\n").is_ok() {}
    let mut errors = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(141), "{errors}");
    assert_eq!(errors, "");
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn a_hangup_that_is_ignored_ends_nothing() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let line = format!(
        "trap '' HUP; exec '{}' chat --json --input-file -",
        env!("CARGO_BIN_EXE_polyai-chat")
    );
    let mut child = program
        .in_environment("sh", &["-c", &line])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"one\n").unwrap();
    assert!(simulator.wait_for(|records| records.requests_to(Operation::Respond) == 1, LONG));
    signal(&child, "HUP");
    input.write_all(b"two\n").unwrap();
    drop(input);
    let ran = Ran::from(child.wait_with_output().unwrap());
    ran.assert_status(0);
    assert_eq!(ran.json()["turns"].as_array().unwrap().len(), 2);
}
