use crate::support::{Program, Ran, simulator};
use polyai_chat_simulator::{Dialect, Simulator, TlsIdentity, UnknownConversation};

/// How each check came out, by its name.
fn outcomes(ran: &Ran) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    ran.json()["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (text(&check["check"]), text(&check["outcome"])))
        .collect()
}

#[track_caller]
fn assert_failed(ran: &Ran, failed: &str) {
    let outcomes = outcomes(ran);
    let found: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome == "failed")
        .map(|(check, _)| check.as_str())
        .collect();
    assert_eq!(found, [failed], "{ran:?}");
    let report = ran.json();
    assert_eq!(report["ok"], false);
    for check in report["checks"].as_array().unwrap() {
        assert_eq!(
            check["fix"].is_string(),
            check["outcome"] == "failed",
            "{check}"
        );
    }
}

#[test]
fn all_is_well_and_nothing_was_created() {
    for unknown in [UnknownConversation::NotFound, UnknownConversation::Gone] {
        for dialect in [Dialect::Current, Dialect::Legacy] {
            let simulator = Simulator::builder()
                .dialect(dialect)
                .unknown_conversation(unknown)
                .start()
                .unwrap();
            let ran = Program::for_simulator(&simulator).run(&["doctor"]);
            ran.assert_status(0);
            assert!(
                ran.output
                    .contains("api_key = set (environment variable POLYAI_API_KEY)"),
                "{ran:?}"
            );
            for check in [
                "name resolution",
                "connection",
                "clock",
                "key and token",
                "account",
                "project",
                "region",
            ] {
                let line = format!("ok    {check:<16} ");
                assert!(ran.output.contains(&line), "{check}: {ran:?}");
            }
            assert_eq!(simulator.conversations().len(), 0);
        }
    }
}

#[test]
fn a_conversation_is_created_and_closed_when_asked_for() {
    let simulator = simulator();
    let ran = Program::for_simulator(&simulator).run(&["doctor", "--create"]);
    ran.assert_status(0);
    assert!(
        ran.output.contains("ok    create") && ran.output.contains("ok    close"),
        "{ran:?}"
    );
    assert_eq!(simulator.counts().created, 1);
}

#[test]
fn what_the_service_refuses_is_named() {
    let simulator = simulator();
    let configured = || Program::for_simulator(&simulator);
    for (program, status, failed) in [
        (
            configured().with("POLYAI_API_KEY", "wrong"),
            14,
            "key and token",
        ),
        (
            configured().with("POLYAI_TOKEN", "wrong"),
            14,
            "key and token",
        ),
        (
            configured().with("POLYAI_ACCOUNT_ID", "wrong"),
            16,
            "account",
        ),
        (
            configured().with("POLYAI_PROJECT_ID", "wrong"),
            16,
            "project",
        ),
        (
            configured().with("POLYAI_BASE_URL", "http://127.0.0.1:1"),
            21,
            "connection",
        ),
        (
            configured().with("POLYAI_BASE_URL", "https://nowhere.invalid"),
            21,
            "name resolution",
        ),
        (Program::new(), 12, "configuration"),
        (
            configured().with("POLYAI_BASE_URL", "http://a.example"),
            12,
            "configuration",
        ),
    ] {
        let ran = program.run(&["doctor", "--json"]);
        ran.assert_status(status);
        assert_failed(&ran, failed);
    }
}

#[test]
fn tls_shows_who_issued_the_certificate_and_whom_to_trust() {
    let identity = TlsIdentity::generate().unwrap();
    let simulator = Simulator::builder().tls(identity.clone()).start().unwrap();
    let program = Program::for_simulator(&simulator);
    let ran = program.run(&["doctor", "--json"]);
    ran.assert_status(21);
    assert_failed(&ran, "TLS");
    assert!(ran.output.contains("--ca-file"), "{ran:?}");
    let authority = program.file("ca.pem", identity.ca_pem());
    let ran = program.run(&["doctor", "--ca-file", &authority]);
    ran.assert_status(0);
    assert!(ran.output.contains("TLS 1.3"), "{ran:?}");
    assert!(
        ran.output
            .contains("issued by CN=polyai-chat simulator authority, valid until 2099-01-01"),
        "{ran:?}"
    );
    let other = program.file("other.pem", TlsIdentity::generate().unwrap().ca_pem());
    let ran = program.run(&["doctor", "--json", "--ca-file", &other]);
    assert_failed(&ran, "TLS");
}

#[test]
fn a_weaker_place_is_shown_as_without_effect() {
    let simulator = simulator();
    let program = Program::for_simulator(&simulator);
    let file = program.file("config.toml", "[default]\nregion = \"uk\"\n");
    let ran = program.with("POLYAI_CONFIG_FILE", &file).run(&["doctor"]);
    ran.assert_status(0);
    assert!(
        ran.output.contains("region = uk (profile \"default\""),
        "{ran:?}"
    );
    assert!(ran.output.contains("line 2); without effect"), "{ran:?}");
}

#[test]
fn a_proxy_that_refuses_is_blamed_and_not_the_service() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://joe:canary@{}", listener.local_addr().unwrap());
    let refusing = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let count = std::io::Read::read(&mut stream, &mut request).unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    let simulator = simulator();
    let ran = Program::for_simulator(&simulator).run(&["doctor", "--json", "--proxy", &proxy]);
    assert!(refusing.join().unwrap().starts_with("CONNECT "));
    ran.assert_status(21);
    assert_failed(&ran, "proxy");
    assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    assert_eq!(simulator.connections(), 0);
}
