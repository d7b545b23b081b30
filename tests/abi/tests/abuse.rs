//! No function crashes, whatever it is given, and each says which argument was wrong.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use polyai_chat_abi::{Program, functions_header, manifest, simulator};
use polyai_chat_simulator::Operation;

#[test]
fn every_wrong_argument_of_every_function_is_an_error_that_names_it() {
    let header = functions_header();
    let include = format!("-I{}", header.display());
    let program = Program::build_with("tests/abi/programs/abuse.c", &[&include]);
    let simulator = simulator();
    let finished = program.run(&simulator, &[]).well();
    let (functions, calls) = finished.stdout.split_once(" functions, ").unwrap();
    let of_manifest = manifest()["functions"].as_array().unwrap().len();
    assert_eq!(functions.parse(), Ok(of_manifest));
    let calls: usize = calls
        .trim()
        .strip_suffix(" calls")
        .unwrap()
        .parse()
        .unwrap();
    assert!(calls > 100 * of_manifest, "only {calls} calls");
    // None of the wrong calls was sent, and none of the right ones either, for their client had been shut down.
    assert_eq!(simulator.requests_to(Operation::Create), 2);
    assert_eq!(simulator.requests_to(Operation::Close), 0);
    let messages: Vec<_> = simulator
        .conversations()
        .into_iter()
        .flat_map(|conversation| conversation.messages)
        .collect();
    assert!(
        messages
            .iter()
            .all(|message| matches!(message.as_deref(), Some("hello" | "human"))),
        "{messages:?}"
    );
}
