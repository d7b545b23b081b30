use crate::servers::{Authority, PASSWORD, USER, are_there, microsocks, nginx, stunnel, tinyproxy};
use crate::support::{KEY, Program, Ran, TOKEN, simulator};
use polyai_chat_simulator::{
    Action, Answer, Dialect, Fault, Moment, Operation, Simulator, TlsIdentity, UnknownConversation,
};
#[cfg(unix)]
use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::TcpListener;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::thread;

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
            ran.assert_shows("api_key = set (environment variable POLYAI_API_KEY)");
            for check in [
                "name resolution",
                "connection",
                "clock",
                "key and token",
                "account",
                "project",
                "region",
                "second opinion",
            ] {
                let line = format!("ok    {check:<16} ");
                assert!(ran.output.contains(&line), "{check}: {ran:?}");
            }
            assert_eq!(simulator.conversations().len(), 0);
            let asked = simulator.received();
            let question = |number: usize| {
                let request = &asked[number];
                (
                    request.method.clone(),
                    request.target.clone(),
                    request.body.clone(),
                )
            };
            assert_eq!((asked.len(), question(0)), (2, question(1)));
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
fn a_refusal_of_the_service_is_named() {
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
    ran.assert_shows("--ca-file");
    let authority = program.file("ca.pem", identity.ca_pem());
    let ran = program.run(&["doctor", "--ca-file", &authority]);
    ran.assert_status(0);
    ran.assert_shows("TLS 1.3");
    ran.assert_shows("issued by CN=polyai-chat simulator authority, valid until 2099-01-01");
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

#[cfg(unix)]
#[test]
fn a_file_with_a_key_that_others_may_read_is_a_warning_and_no_failure() {
    let simulator = simulator();
    for (option, value, mode, is_warned_of) in [
        ("api_key", KEY, 0o644, true),
        ("token", TOKEN, 0o640, true),
        ("proxy", "http://joe:canary@127.0.0.1:1", 0o604, true),
        ("api_key", KEY, 0o600, false),
        ("proxy", "http://127.0.0.1:1", 0o644, false),
        ("timeout_ms", "5000", 0o644, false),
    ] {
        let program = Program::for_simulator(&simulator).with("POLYAI_NO_PROXY", "127.0.0.1");
        let variable = format!("POLYAI_{}", option.to_uppercase());
        let file = program.file(
            "config.toml",
            format!("[default]\n{option} = \"{value}\"\n"),
        );
        std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        // Empty, it is not set.
        let program = program
            .with(&variable, "")
            .with("POLYAI_CONFIG_FILE", &file);
        let ran = program.run(&["doctor"]);
        ran.assert_status(0);
        ran.assert_keeps_secrets();
        let remedy = format!("fix: chmod 600 {file}\n");
        assert_eq!(ran.output.contains(&remedy), is_warned_of, "{ran:?}");
        let warning = format!("warn  configuration    {file} holds {option}");
        assert_eq!(ran.output.contains(&warning), is_warned_of, "{ran:?}");
    }
}

#[test]
fn a_proxy_that_refuses_is_blamed_and_not_the_service() {
    let (address, refusing) = answering(2, "\r\n\r\n", |_| "403 Forbidden");
    let proxy = format!("http://joe:canary@{address}");
    let simulator = simulator();
    let ran = Program::for_simulator(&simulator)
        .with("POLYAI_ALLOW_PLAIN_HTTP", "true")
        .run(&["doctor", "--json", "--proxy", &proxy]);
    let requests = refusing.join().unwrap();
    assert!(
        requests
            .iter()
            .all(|request| request.starts_with("CONNECT "))
    );
    ran.assert_status(21);
    assert_failed(&ran, "proxy");
    ran.assert_shows("did not get an answer either");
    assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    assert_eq!(simulator.connections(), 0);
}

/// Answers so many requests, each of which ends with `end`, and closes every connection.
fn answering(
    count: usize,
    end: &'static str,
    status: impl Fn(&str) -> &'static str + Send + 'static,
) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answering = thread::spawn(move || {
        let mut requests = Vec::new();
        while requests.len() < count {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(end.as_bytes()) && stream.read(&mut byte).unwrap() == 1 {
                request.extend(byte);
            }
            // A connection without a request was only looked at.
            if !request.is_empty() {
                let request = String::from_utf8(request).unwrap();
                let status = status(&request);
                write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
                requests.push(request);
            }
        }
        requests
    });
    (address, answering)
}

#[track_caller]
fn assert_doubts(ran: &Ran, words: &str) {
    let report = ran.json();
    let checks = report["checks"].as_array().unwrap();
    let opinion = checks
        .iter()
        .find(|check| check["check"] == "second opinion");
    let opinion = opinion.unwrap();
    assert_eq!(opinion["outcome"], "warning", "{ran:?}");
    let detail = opinion["detail"].as_str().unwrap();
    assert!(detail.contains(words), "{ran:?}");
    ran.assert_keeps_secrets();
}

#[test]
fn a_server_that_only_the_library_cannot_read_is_told_apart() {
    let simulator = simulator();
    let long = Answer::status(404).header("X-Long", &"x".repeat(2_000));
    simulator
        .fail(Fault::new(long).on(Operation::Close))
        .unwrap();
    let program = Program::for_simulator(&simulator);
    let ran = program.run(&["doctor", "--json", "--max-header-bytes", "1024"]);
    assert_doubts(
        &ran,
        "reached the service and got the answer 404; this library got none",
    );
    // With room for the head, the two agree.
    let agreeing = program.run(&["doctor"]);
    agreeing.assert_shows("gets the same answer");
}

#[test]
fn a_server_that_does_not_answer_the_other_client_is_told_apart() {
    let simulator = simulator();
    let reset = Action::Reset {
        at: Moment::AfterRequest,
    };
    simulator
        .fail(Fault::new(reset).on(Operation::Close).nth(2))
        .unwrap();
    let ran = Program::for_simulator(&simulator).run(&["doctor", "--json"]);
    ran.assert_status(0);
    assert_doubts(
        &ran,
        "this library reached the service and got the answer 404",
    );
    assert_eq!(simulator.requests_to(Operation::Close), 2);
    assert_eq!(simulator.counts().created, 0);
}

/// Some firewalls want the headers of a browser.
#[test]
fn a_firewall_that_lets_only_the_other_client_through_is_told_apart() {
    let (address, firewall) = answering(2, "}", |request| {
        match request.to_ascii_lowercase().contains("\r\naccept:") {
            true => "410 Gone",
            false => "403 Forbidden",
        }
    });
    let ran = Program::for_simulator(&simulator())
        .with("POLYAI_BASE_URL", &format!("http://{address}"))
        .run(&["doctor", "--json"]);
    ran.assert_status(15);
    assert_doubts(
        &ran,
        "this library got the answer 403, but ureq, another HTTP client, got 410",
    );
    let requests = firewall.join().unwrap();
    let keys = requests
        .iter()
        .filter(|request| request.contains("\r\nX-API-KEY: canary"));
    assert_eq!(keys.count(), 2, "{requests:?}");
}

#[test]
fn the_other_client_has_the_same_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let ran = Program::for_simulator(&simulator())
        .with(
            "POLYAI_BASE_URL",
            &format!("http://{}", silent.local_addr().unwrap()),
        )
        .words("doctor --close-timeout 300ms");
    ran.assert_status(22);
    ran.assert_shows("did not get an answer either: timeout");
}

#[test]
fn the_other_client_goes_through_the_same_proxy() {
    if !are_there(&["tinyproxy", "microsocks", "stunnel4"]) {
        return;
    }
    let identity = TlsIdentity::generate().unwrap();
    let authority = Authority::new("authority of the proxy");
    let authorities = authority.pem() + identity.ca_pem();
    let simulator = Simulator::builder()
        .credentials(KEY, TOKEN)
        .tls(identity)
        .start()
        .unwrap();
    let (http, socks) = (tinyproxy(true), microsocks(true));
    let https = stunnel(&http, &authority.server(&["localhost"]), "");
    for (scheme, port) in [
        ("http", http.port),
        ("https", https.port),
        ("socks5", socks.port),
        ("socks5h", socks.port),
    ] {
        let proxy = format!("{scheme}://{USER}:{PASSWORD}@localhost:{port}");
        let ran = Program::for_simulator(&simulator)
            .with("POLYAI_CA_PEM", &authorities)
            .words(&format!("doctor --proxy {proxy}"));
        ran.assert_status(0);
        ran.assert_shows("gets the same answer");
        ran.assert_keeps_secrets();
    }
    assert_eq!(simulator.requests_to(Operation::Close), 8);
    // Once to look at the connection, and once for each of the two clients.
    let tunnels = http
        .everything_it_wrote()
        .matches("CONNECT 127.0.0.1:")
        .count();
    assert!(tunnels >= 6, "{tunnels}");
}

#[test]
fn the_other_client_trusts_the_same_authorities_and_shows_the_same_certificate() {
    if !are_there(&["nginx"]) {
        return;
    }
    let simulator = simulator();
    let authority = Authority::new("authority of both");
    let program = Program::for_simulator(&simulator);
    let trusted = program.file("ca.pem", authority.pem());
    let verify = format!("ssl_verify_client on;\nssl_client_certificate {trusted};");
    let server = nginx(&simulator.url(), &authority.server(&["localhost"]), &verify);
    let identity = authority.client("acme-ivr");
    let ran = program
        .with(
            "POLYAI_BASE_URL",
            &format!("https://localhost:{}", server.port),
        )
        .with("POLYAI_CA_PEM", &authority.pem())
        .with("POLYAI_CLIENT_CERT_PEM", &identity.certificate)
        .with("POLYAI_CLIENT_KEY_PEM", &identity.key)
        .run(&["doctor"]);
    ran.assert_status(0);
    ran.assert_shows("gets the same answer");
    assert!(!format!("{ran:?}").contains("PRIVATE KEY"), "{ran:?}");
    server.wait_until_written("verified=SUCCESS CN=acme-ivr 404;", 2);
}
