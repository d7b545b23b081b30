#[cfg(unix)]
use crate::support::signal;
use crate::support::{Program, Ran};
#[cfg(unix)]
use std::io::{BufRead, BufReader, Read};

#[cfg(unix)]
#[test]
fn its_url_comes_first_and_what_it_prints_configures_a_client() {
    let program = Program::new();
    let authority = program.path("ca.pem");
    for arguments in [
        &["simulator", "--listen", "127.0.0.1:0"][..],
        &["simulator", "--tls", "--ca-out", &authority],
        &["simulator", "--dialect", "legacy"],
    ] {
        let mut child = program.spawn(arguments);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.next().unwrap().unwrap();
        assert!(url.starts_with("http"), "{url}");
        assert_eq!(
            lines.next().unwrap().unwrap(),
            "simulator, no PolyAI service contacted"
        );
        let mut client = Program::new();
        for line in lines.by_ref().map(Result::unwrap) {
            let (variable, value) = line
                .strip_prefix("export ")
                .unwrap()
                .split_once('=')
                .unwrap();
            client = client.with(variable, value.trim_matches('\''));
            let is_last = if arguments.contains(&"--tls") {
                "POLYAI_CA_FILE"
            } else {
                "POLYAI_DIALECT"
            };
            if variable == is_last {
                break;
            }
        }
        client.run(&["chat", "-m", "hello"]).assert_status(0);
        signal(&child, "INT");
        let mut errors = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(errors.contains("1 conversations, 1 turns"), "{errors}");
    }
}

#[test]
fn what_is_wrong_with_a_script_is_said_with_its_line() {
    let program = Program::new();
    let script = program.file(
        "agent.toml",
        "greeting = \"a\"\ndefault_reply = \"b\"\n[[rules]]\npattern = '('\nreply = \"c\"\n",
    );
    for arguments in [
        &["simulator", "--script", &script][..],
        &[
            "chat",
            "--simulator",
            "--simulator-script",
            &script,
            "-m",
            "x",
        ],
    ] {
        let ran = program.run(arguments);
        ran.assert_status(12);
        ran.assert_complains("agent.toml:4:");
    }
}

#[test]
fn an_address_that_is_taken_is_reported() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran: Ran = Program::new().run(&["simulator", "--listen", &address]);
    ran.assert_status(1);
    ran.assert_complains(&address);
}

#[test]
fn the_built_in_script_is_a_script() {
    let program = Program::new();
    let ran = program.run(&["simulator", "--print-script"]);
    ran.assert_status(0);
    let file = program.file("agent.toml", &ran.output);
    program
        .words(&format!(
            "chat --simulator --simulator-script {file} -m hello"
        ))
        .assert_status(0);
}
