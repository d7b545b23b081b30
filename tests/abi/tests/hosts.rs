//! The library in the kinds of programs that will hold it: plug-in hosts, daemons, servers that fork, programs with many
//! threads. Each test is about one program in C.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "hosts/fields.rs"]
mod fields;

use polyai_chat_abi::{KEY, PATIENCE, Program, Running, TOKEN, builder, built, scratch};
use polyai_chat_simulator::{
    Action, Fault, Moment, Operation, Script, Simulator, SimulatorBuilder,
};
use std::fs;
use std::io::Read;
use std::net::{Shutdown, TcpListener};

/// As the usual script, with an agent that can think for long.
const SCRIPT: &str = r#"
greeting = "Hello there."
default_reply = "You said: {message}"

[[rules]]
pattern = "^slow$"
reply = "That took a while."
delay_ms = 300

[[rules]]
pattern = "^endless$"
reply = "Nobody hears this."
delay_ms = 600000

[[rules]]
pattern = "^human$"
reply = "One moment."
handoff = { destination = "billing", reason = "asked for a human", queue = 7 }

[[rules]]
pattern = "^bye$"
reply = "Goodbye."
end = true
"#;

fn service() -> SimulatorBuilder {
    builder().script(Script::parse(SCRIPT, "hosts.toml").unwrap())
}

fn program(name: &str) -> Program {
    program_with(name, &[])
}

fn program_with(name: &str, flags: &[&str]) -> Program {
    Program::build_with(&format!("tests/abi/programs/{name}.c"), flags)
}

/// A program that loads the library itself, and is therefore not linked with it.
fn plugin_host(name: &str) -> Program {
    program_with(name, &["-Wl,--as-needed"])
}

fn shared_library() -> String {
    built().join("libpolyai_chat.so").display().to_string()
}

fn messages(simulator: &Simulator) -> Vec<Vec<String>> {
    let said = |message: &Option<String>| message.clone().unwrap();
    simulator
        .conversations()
        .iter()
        .map(|conversation| conversation.messages.iter().map(said).collect())
        .collect()
}

#[test]
fn it_can_be_loaded_again_and_again_while_its_calls_go_on() {
    let simulator = service().start().unwrap();
    let finished = plugin_host("reload")
        .run(&simulator, &[&shared_library()])
        .well();
    let conversations: u64 = finished.stdout.trim().parse().unwrap();
    assert_eq!(simulator.requests_to(Operation::Close), conversations);
    assert_eq!(simulator.requests_to(Operation::Create), conversations + 2);
}

#[test]
fn two_copies_in_one_process_keep_apart() {
    for visibility in ["local", "global"] {
        let copy =
            scratch("copies").join(format!("libcopy-{visibility}-{}.so", std::process::id()));
        fs::copy(shared_library(), &copy).unwrap();
        let simulator = service().start().unwrap();
        let arguments = [&shared_library(), copy.to_str().unwrap(), visibility];
        let finished = plugin_host("copies").run(&simulator, &arguments);
        fs::remove_file(&copy).unwrap();
        finished.well();
        assert_eq!(messages(&simulator), [["one", "two", "three"]; 2]);
    }
}

#[test]
fn it_works_where_threads_and_the_process_end() {
    let simulator = service().start().unwrap();
    program("at_exit").run(&simulator, &[]).well();
    assert_eq!(simulator.requests_to(Operation::Create), 11);
    assert_eq!(simulator.requests_to(Operation::Close), 11);
}

#[test]
fn a_broken_connection_is_no_signal() {
    let simulator = service().start().unwrap();
    for (seed, at) in [
        Moment::Accept,
        Moment::BeforeRead,
        Moment::AfterHead,
        Moment::AfterRequest,
        Moment::AfterTurn,
        Moment::InHeaders,
        Moment::InBody,
        Moment::AfterReply,
    ]
    .into_iter()
    .enumerate()
    {
        for action in [Action::Reset { at }, Action::Close { at }] {
            let fault = Fault::new(action).probability(0.05, seed as u64);
            simulator.fail(fault).unwrap();
        }
    }
    let finished = program("broken_pipes").run(&simulator, &["faults"]).well();
    let (succeeded, failed) = finished.stdout.split_once(" succeeded, ").unwrap();
    let succeeded: u32 = succeeded.parse().unwrap();
    let failed: u32 = failed
        .trim()
        .strip_suffix(" failed")
        .unwrap()
        .parse()
        .unwrap();
    assert!(succeeded > 20 && failed > 20, "{}", finished.stdout);
}

/// The simulator reads whole requests or breaks connections at once; this service does it by halves.
#[test]
fn writing_to_a_connection_that_was_shut_is_no_signal() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = program("broken_pipes");
    let mut command = program.command();
    command
        .args(["nobody reads"])
        .env(
            "POLYAI_BASE_URL",
            format!("http://{}", listener.local_addr().unwrap()),
        )
        .env("POLYAI_ACCOUNT_ID", "a")
        .env("POLYAI_PROJECT_ID", "p")
        .env("POLYAI_API_KEY", KEY)
        .env("POLYAI_TOKEN", TOKEN);
    let mut running = Running::start(&mut command);
    let mut beginning = [0; 4096];

    let (mut first, _) = listener.accept().unwrap();
    first.read_exact(&mut beginning).unwrap();
    first.shutdown(Shutdown::Write).unwrap();
    first.read_exact(&mut beginning).unwrap();
    drop(first); // With bytes that were not read: the client's system is told that nobody is there.

    let (mut second, _) = listener.accept().unwrap();
    second.read_exact(&mut beginning).unwrap();
    running.write("go\n");
    running.finish().well();
}

#[test]
fn a_process_without_standard_streams_talks_to_nobody_but_the_service() {
    let simulator = service().start().unwrap();
    let finished = program("no_standard_streams").run(&simulator, &[]).well();
    assert_eq!(finished.stdout, "done\n");
    let received = simulator.received();
    assert_eq!(received.len(), 3 * 3 * 5);
    for request in received {
        assert!(request.complete, "{request:?}");
        assert_eq!(request.status, Some(200), "{request:?}");
    }
}

#[test]
fn forked_children_and_their_parent_do_not_disturb_each_other() {
    const CHILDREN: u64 = 4;
    let simulator = service().start().unwrap();
    let finished = program("fork_in_use").run(&simulator, &[]).well();
    let of_threads: u64 = finished.stdout.trim().parse().unwrap();
    let whole = of_threads + 2 * CHILDREN;
    assert_eq!(simulator.requests_to(Operation::Create), whole + 2);
    assert_eq!(simulator.requests_to(Operation::Close), whole + 2);
    let conversations = simulator.conversations();
    let idle = &conversations[0];
    assert_eq!(idle.turns, 2 + CHILDREN);
    assert_eq!(conversations[1].messages, [Some("slow".to_owned())]);
    for conversation in &conversations[2..] {
        let said = [Some("one".to_owned()), Some("two".to_owned())];
        assert_eq!(conversation.messages, said);
        assert!(conversation.closed);
    }
}

#[test]
fn callbacks_may_free_and_call_and_are_let_go_once() {
    let simulator = service().start().unwrap();
    program("callbacks").run(&simulator, &[]).well();
    let said = messages(&simulator).concat();
    let times = |message| said.iter().filter(|said| *said == message).count();
    assert_eq!(
        (times("one"), times("from a callback"), times("never")),
        (4, 4, 0)
    );
}

#[test]
fn threads_share_a_client_and_a_conversation() {
    let simulator = service().start().unwrap();
    let program = program("sharing");
    let mut running = Running::start(&mut program.command_for(&simulator));
    assert_eq!(running.line(), "inside");
    wait_for_message(&simulator, "slow", 1);
    running.write("go\n");
    running.finish().well();

    let conversations = simulator.conversations();
    assert!(
        conversations
            .iter()
            .all(|one| one.most_turns_in_flight == 1)
    );
    let said = messages(&simulator);
    let of_thread = |thread: u32| {
        let name = format!("{thread} ");
        let own = said[0].iter().filter(|message| message.starts_with(&name));
        own.cloned().collect::<Vec<_>>()
    };
    assert_eq!(said[0].len(), 8 * 12);
    for thread in 0..8 {
        let expected: Vec<_> = (0..12).map(|turn| format!("{thread} {turn}")).collect();
        assert_eq!(of_thread(thread), expected);
    }
    assert!(said[1..41].iter().all(|of_one| of_one == &["one", "two"]));
    let started: Vec<_> = (0..12).map(|turn| format!("started {turn}")).collect();
    assert_eq!(said[41..], [started, vec!["slow".to_owned()]]);
}

#[test]
fn calls_under_way_can_be_ended_from_another_thread() {
    let simulator = service().start().unwrap();
    let program = program("interrupted");
    let mut running = Running::start(&mut program.command_for(&simulator));
    // By a token, by the turn, by freeing, by shutting down.
    let mut received = 0;
    for calls in [2, 1, 1, 7] {
        assert_eq!(running.line(), "under way");
        received += calls;
        wait_for_message(&simulator, "endless", received);
        running.write("go\n");
    }
    running.finish().well();
    let said = messages(&simulator).concat();
    assert!(!said.contains(&"behind".to_owned()));
}

/// Waits until the service has read so many turns with this message; whether it has acted on them is another matter.
fn wait_for_message(simulator: &Simulator, message: &str, times: usize) {
    let message = format!("\"{message}\"");
    let arrived = simulator.wait_for(
        |records| {
            let with_it = records
                .received()
                .filter(|request| request.text().contains(&message));
            with_it.count() >= times
        },
        PATIENCE,
    );
    assert!(arrived, "{message} has not come {times} times");
}
