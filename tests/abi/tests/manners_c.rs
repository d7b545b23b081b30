//! The library leaves its host's process as it found it, and says nothing that its host has not asked for.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic and say what it does not run"
)]

use polyai_chat_abi::{PATIENCE, Program, Running, Under, builder, scratch, simulator, under};
use polyai_chat_simulator::{
    Action, Answer, Fault, Moment, Operation, SimulatorBuilder, TlsIdentity,
};
use std::collections::BTreeSet;

#[test]
fn a_process_is_left_as_it_was_and_nothing_is_printed() {
    let simulator = simulator();
    let reset = |at| Fault::new(Action::Reset { at }).on(Operation::Respond);
    let refuse = |status| Fault::new(Answer::status(status)).on(Operation::Respond);
    // The whole conversation of each round comes first, and ten turns that are started.
    for (nth, fault) in [
        (14, refuse(503)),
        (16, refuse(429)),
        (18, reset(Moment::AfterTurn)),
        (20, reset(Moment::InHeaders)),
        (22, reset(Moment::InBody)),
        (24, refuse(401)),
    ] {
        simulator.fail(fault.nth(nth).times(1)).unwrap();
    }
    let program = Program::build("tests/abi/programs/manners.c");
    let mut command = program.command_for(&simulator);
    command.env("LANG", "de_DE.UTF-8").env("RUST_LOG", "trace");
    command.env("RUST_BACKTRACE", "full");
    let finished = Running::start(&mut command).finish().well();
    assert_eq!(finished.stdout, "");
    assert!(simulator.faults().iter().all(|fault| fault.happened > 0));
    let all_closed = simulator.wait_for(|records| records.counts().open_connections == 0, PATIENCE);
    assert!(all_closed);
}

#[test]
fn the_environment_is_read_only_where_the_header_says_so() {
    if let Some(read) = variables_read(builder()) {
        assert_eq!(read.during("config"), [""; 0]);
        assert_eq!(read.during("calls"), [""; 0]);
        // It is looked at by the HTTP library, and counts for nothing.
        for name in read.during("client_new") {
            assert!(name.to_lowercase().ends_with("_proxy"), "{name}");
        }
    }
}

#[test]
fn a_check_against_the_systems_authorities_asks_where_they_are() {
    let identity = TlsIdentity::generate().unwrap();
    if let Some(read) = variables_read(builder().tls(identity)) {
        assert_eq!(read.during("calls"), [""; 0]);
        let asked: BTreeSet<_> = read.during("system").into_iter().collect();
        assert_eq!(asked, ["SSL_CERT_DIR", "SSL_CERT_FILE"].into());
    }
}

/// The names of the variables that were read, each behind what was done meanwhile.
struct Read(String);

impl Read {
    fn during(&self, what: &str) -> Vec<&str> {
        let names = self.0.lines().filter_map(|line| line.split_once(": "));
        names
            .filter(|(during, _)| *during == what)
            .map(|(_, name)| name)
            .collect()
    }
}

/// `None` where it cannot be seen what is read.
fn variables_read(builder: SimulatorBuilder) -> Option<Read> {
    if under() != Under::Nothing {
        println!(
            "not run under {:?}, which reads the environment itself and has to be loaded before everything else",
            under()
        );
        return None;
    }
    let simulator = builder.start().unwrap();
    let watch = Program::build_with(
        "tests/abi/programs/environment_watch.c",
        &["-shared", "-fPIC", "-Wl,--as-needed"],
    );
    let program = Program::build("tests/abi/programs/no_environment.c");
    let mut command = program.command_for(&simulator);
    command.env("LD_PRELOAD", watch.path());
    let authority = scratch("authorities").join(format!("{}.pem", std::process::id()));
    if let Some(pem) = simulator.ca_pem() {
        std::fs::write(&authority, pem).unwrap();
        command.env("CA_FILE", &authority);
    }
    let finished = Running::start(&mut command).finish();
    let _ = std::fs::remove_file(&authority);
    let read = Read(finished.well().stdout);
    assert_eq!(simulator.requests_to(Operation::Close), 1);
    // The watch sees what there is to be seen.
    assert!(read.during("load_environment").contains(&"POLYAI_API_KEY"));
    Some(read)
}
