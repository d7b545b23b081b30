//! Threads of hosts that are unlike the usual ones.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use polyai_chat_abi::{PATIENCE, Program, Running, Under, builder, scratch, simulator, under};
use polyai_chat_simulator::{Action, Fault, Operation, Pause, TlsIdentity};

/// What telephone systems give their threads, and less: Asterisk and `FreeSWITCH` 240 KiB.
const SMALL_STACK_KIB: u32 = 128;

#[test]
fn a_thread_with_a_small_stack_holds_a_conversation_over_tls() {
    let identity = TlsIdentity::generate().unwrap();
    let authorities = scratch("threads").join("authorities.pem");
    std::fs::write(&authorities, identity.ca_pem()).unwrap();
    let simulator = builder().tls(identity).start().unwrap();
    let program = Program::build("tests/abi/programs/small_stack.c");
    let mut command = program.command_for(&simulator);
    // AddressSanitizer puts guards around everything on the stack.
    let stack_kib = match under() {
        Under::AddressSanitizer => 4 * SMALL_STACK_KIB,
        Under::Nothing | Under::Valgrind => SMALL_STACK_KIB,
    };
    command
        .env("POLYAI_CA_FILE", &authorities)
        .arg(stack_kib.to_string());
    Running::start(&mut command).finish().well();
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn a_thread_that_is_cancelled_ends_after_its_call() {
    let simulator = simulator();
    let forever = Action::Delay {
        before: Pause::Headers,
        ms: 600_000,
    };
    simulator
        .fail(Fault::new(forever).on(Operation::Respond))
        .unwrap();
    let program = Program::build("tests/abi/programs/cancelled_thread.c");
    let mut host = Running::start(&mut program.command_for(&simulator));
    assert_eq!(host.line(), "started");
    assert!(simulator.wait_for(
        |records| records.requests_to(Operation::Respond) == 1,
        PATIENCE
    ));
    host.write("\n");
    let finished = host.finish().well();
    assert_eq!(
        finished.stdout,
        "started\ncall timeout, thread cancelled, did not go on\n0 handles\n"
    );
}
