//! The examples in C do what they say, and what the guide shows compiles.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use polyai_chat_abi::{PATIENCE, Program, Running, repository, scratch, simulator};
use polyai_chat_simulator::{Action, Fault, Operation, Pause};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

#[test]
fn a_chat_ends_with_the_agents_goodbye() {
    let simulator = simulator();
    let program = Program::build("examples/c/chat.c");
    let mut chat = Running::start(&mut program.command_for(&simulator));
    assert_eq!(chat.line(), "agent: Hello Sam.");
    chat.write("human\n");
    assert_eq!(chat.line(), "agent: One moment.");
    assert_eq!(
        chat.line(),
        "(goes on with billing, because of asked for a human)"
    );
    chat.write("bye\nnobody hears this\n");
    assert_eq!(chat.line(), "agent: Goodbye.");
    chat.finish().well();
    assert_eq!(simulator.requests_to(Operation::Respond), 2);
    assert_eq!(simulator.requests_to(Operation::Close), 0);
}

#[test]
fn a_chat_that_is_left_is_closed() {
    let simulator = simulator();
    let program = Program::build("examples/c/chat.c");
    let mut chat = Running::start(&mut program.command_for(&simulator));
    chat.line();
    chat.write("hello\n");
    assert_eq!(chat.line(), "agent: You said: hello");
    chat.finish().well();
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn a_caller_hears_a_filler_while_the_agent_thinks() {
    let simulator = simulator();
    let think = Action::Delay {
        before: Pause::Headers,
        ms: 2_500,
    };
    simulator
        .fail(Fault::new(think).on(Operation::Respond).once())
        .unwrap();
    let program = Program::build("examples/c/one_moment_please.c");
    let finished = program
        .run(&simulator, &["hello", "human", "not heard"])
        .well();
    let lines: Vec<_> = finished.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "play: Hello there.",
            "play: One moment, please.",
            "play: You said: hello",
            "play: One moment.",
            "transfer: billing"
        ]
    );
    assert_eq!(simulator.requests_to(Operation::Respond), 2);
}

#[test]
fn hanging_up_cancels_the_turn_and_closes() {
    let simulator = simulator();
    let forever = Action::Delay {
        before: Pause::Headers,
        ms: 600_000,
    };
    simulator
        .fail(Fault::new(forever).on(Operation::Respond))
        .unwrap();
    let program = Program::build("examples/c/hang_up.c");
    let mut call = Running::start(&mut program.command_for(&simulator));
    assert_eq!(call.line(), "agent: Hello there.");
    assert!(simulator.wait_for(
        |records| records.requests_to(Operation::Respond) == 1,
        PATIENCE
    ));
    call.write("");
    let finished = call.finish().well();
    assert!(
        finished
            .stdout
            .ends_with("hung up\ncancelled; the agent may have heard it\nclosed\n"),
        "{}",
        finished.stdout
    );
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn forked_workers_hold_conversations_side_by_side() {
    let simulator = simulator();
    let program = Program::build("examples/c/prefork_server.c");
    let server = Running::start(program.command_for(&simulator).args(["0", "3"]));
    let address = ("127.0.0.1", server.line().parse::<u16>().unwrap());
    let mut customers: Vec<_> = (0..3)
        .map(|_| BufReader::new(TcpStream::connect(address).unwrap()))
        .collect();
    let read = |customer: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        customer.read_line(&mut line).unwrap();
        line
    };
    // All three are served at the same time: none has left yet.
    for customer in &mut customers {
        assert_eq!(read(customer), "Hello there.\n");
    }
    for (number, customer) in customers.iter_mut().enumerate() {
        writeln!(customer.get_mut(), "this is {number}").unwrap();
    }
    for (number, customer) in customers.iter_mut().enumerate() {
        assert_eq!(read(customer), format!("You said: this is {number}\n"));
    }
    drop(customers);
    assert!(simulator.wait_for(
        |records| records.requests_to(Operation::Close) == 3,
        PATIENCE
    ));
    server.finish().well();
    assert_eq!(simulator.requests_to(Operation::Respond), 3);
}

#[test]
fn one_thread_holds_many_conversations() {
    let simulator = simulator();
    let program = Program::build("examples/c/event_loop.c");
    let finished = program.run(&simulator, &["40", "one", "two", "bye"]).well();
    assert_eq!(
        finished.stdout,
        "40 conversations, 120 replies, 0 failures\n"
    );
    assert_eq!(simulator.requests_to(Operation::Create), 40);
    assert_eq!(simulator.requests_to(Operation::Respond), 120);
    assert_eq!(simulator.requests_to(Operation::Close), 40);
}

#[test]
fn what_the_guide_shows_compiles() {
    let guide = std::fs::read_to_string(repository().join("docs/c.md")).unwrap();
    let blocks: Vec<&str> = guide
        .split("```c\n")
        .skip(1)
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect();
    assert!(blocks.len() > 5, "{}", blocks.len());
    for (number, block) in blocks.iter().enumerate() {
        let file = scratch("guide").join(format!("block_{number}.c"));
        let text = match block.contains("int main(") {
            true => (*block).to_owned(),
            false => format!(
                "#include <polyai_chat.h>\n#include <stdio.h>\n\
                 void block(polyai_client *client, polyai_conversation *conversation);\n\
                 void block(polyai_client *client, polyai_conversation *conversation)\n\
                 {{\n(void)client;\n(void)conversation;\n{block}}}\n\
                 int main(void) {{ block(NULL, NULL); return 0; }}\n"
            ),
        };
        std::fs::write(&file, text).unwrap();
        Program::build(file.to_str().unwrap());
    }
}
