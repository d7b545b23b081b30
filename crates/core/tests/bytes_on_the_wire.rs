//! The very bytes of a request, header case included, captured on a socket and through TLS.
#![cfg(test)]

mod fixture;

use fixture::{KEY, PATIENCE, TOKEN, builder, config};
use polyai_chat_core::{Client, Create, Request, Respond};
use polyai_chat_simulator::{Dialect, TlsIdentity};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

/// Answers one request with `reply` and returns all the bytes that came, and how many reads they took.
fn capture(reply: &'static str) -> (String, thread::JoinHandle<(String, usize)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut bytes, mut reads) = (Vec::new(), 0);
        let mut buffer = [0; 65_536];
        while !is_complete(&bytes) {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the request is incomplete");
            bytes.extend_from_slice(&buffer[..count]);
            reads += 1;
        }
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{reply}",
            reply.len()
        )
        .unwrap();
        (String::from_utf8(bytes).unwrap(), reads)
    });
    (url, thread)
}

fn is_complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .unwrap()
        .parse()
        .unwrap();
    body.len() >= length
}

fn sorted_headers(head: &str) -> Vec<String> {
    let mut lines: Vec<String> = head.lines().skip(1).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn create_in_the_current_dialect() {
    let (url, captured) = capture(r#"{"conversation_id":"c","response":"hi"}"#);
    let client = Client::new(config(&url).user_agent("acme-ivr/2.1")).unwrap();
    client.create(Create::new().correlation_id("id-1")).unwrap();
    let (request, reads) = captured.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        head.lines().next(),
        Some("POST /v1/acme-uk/acme-team-4/chat/create HTTP/1.1")
    );
    assert_eq!(
        sorted_headers(head),
        [
            "Content-Length: 2".to_owned(),
            "Content-Type: application/json".to_owned(),
            format!("Host: {}", url.trim_start_matches("http://")),
            format!(
                "User-Agent: polyai-chat/{} acme-ivr/2.1",
                polyai_chat_core::VERSION
            ),
            format!("X-API-KEY: {KEY}"),
            "X-PolyAI-Correlation-Id: id-1".to_owned(),
            format!("X-TOKEN: {TOKEN}"),
        ]
    );
    assert_eq!(body, "{}");
    assert_eq!(reads, 1, "head and body leave in one packet");
}

#[test]
fn respond_in_the_legacy_dialect() {
    let (url, captured) = capture(r#"{"response":"hi"}"#);
    let client = Client::new(config(&url).dialect("legacy").api_version("v2")).unwrap();
    client.respond("WEBCHAT_abc", "Hallo Welt 👋").unwrap();
    let (request, _) = captured.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        head.lines().next(),
        Some("POST /v2/acme-uk/acme-team-4/chat/respond HTTP/1.1")
    );
    let headers = sorted_headers(head);
    assert!(
        headers.contains(&format!("X-Api-Key: {KEY}")),
        "{headers:?}"
    );
    assert!(
        headers.contains(&format!("X-Token: {TOKEN}")),
        "{headers:?}"
    );
    assert!(
        !head.to_lowercase().contains("accept") && !head.to_lowercase().contains("cookie"),
        "{head}"
    );
    assert_eq!(
        body,
        r#"{"conversation_id":"WEBCHAT_abc","message":"Hallo Welt 👋"}"#
    );
}

#[test]
fn a_request_that_was_set_by_name_is_the_one_that_is_built() {
    let (url, captured) = capture(r#"{"conversation_id":"c","response":"hi"}"#);
    let client = Client::new(config(&url)).unwrap();
    let mut request = Request::new();
    for (name, value, problem) in [
        ("variant", "v", "unknown field"),
        ("integration_attributes", "{", "not JSON"),
        ("integration_attributes", "[1]", "must be a JSON object"),
    ] {
        let error = request.set(name, value).unwrap_err();
        assert!(error.message().contains(problem), "{error}");
    }
    request.set("variant_id", "evening").unwrap();
    request
        .set("integration_attributes", r#"{"vip": true}"#)
        .unwrap();
    request.set_attribute("customer_name", "Sam");
    request.set("correlation_id", "id-7").unwrap();
    request.set_header("traceparent", "00-1-1-00").unwrap();
    let error = Respond::try_from(request.clone()).unwrap_err();
    assert!(
        error
            .message()
            .contains("variant_id is not a field that a respond can be given by name"),
        "{error}"
    );
    client.create(Create::try_from(request).unwrap()).unwrap();
    let (request, _) = captured.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let headers = sorted_headers(head);
    assert!(
        headers.contains(&"X-PolyAI-Correlation-Id: id-7".to_owned()),
        "{headers:?}"
    );
    assert!(
        headers.contains(&"traceparent: 00-1-1-00".to_owned()),
        "{headers:?}"
    );
    assert_eq!(
        body,
        r#"{"integration_attributes":{"customer_name":"Sam","vip":true},"variant_id":"evening"}"#
    );
}

#[test]
fn a_base_url_with_a_path_keeps_it() {
    let (url, captured) = capture(r#"{"success":true}"#);
    let client = Client::new(config(&format!("{url}/gateway/polyai/"))).unwrap();
    client
        .close_conversation("c", polyai_chat_core::Close::new())
        .unwrap();
    let (request, _) = captured.join().unwrap();
    assert!(
        request.starts_with("PUT /gateway/polyai/v1/acme-uk/acme-team-4/chat/close HTTP/1.1\r\n"),
        "{request}"
    );
}

#[test]
fn the_longest_path_is_sent_whole_and_once() {
    let (url, captured) = capture(r#"{"success":true}"#);
    let path = "p".repeat(2_047 - url.len());
    let id = "i".repeat(128);
    let config = config(&format!("{url}/{path}"))
        .api_version(id.as_str())
        .account_id(id.as_str())
        .project_id(id.as_str());
    let client = Client::new(config).unwrap();
    client
        .close_conversation("c", polyai_chat_core::Close::new())
        .unwrap();
    let (request, reads) = captured.join().unwrap();
    let line = format!("PUT /{path}/{id}/{id}/{id}/chat/close HTTP/1.1\r\nHost: ");
    assert!(request.starts_with(&line), "{request}");
    assert_eq!((request.matches(" HTTP/1.1\r\n").count(), reads), (1, 1));
}

#[test]
fn a_message_larger_than_every_buffer_arrives_whole() {
    let simulator = builder().body_limit(16 * 1024 * 1024).start().unwrap();
    let conversation = fixture::client(&simulator).create(Create::new()).unwrap();
    let message = "größer ".repeat(400_000);
    let reply = conversation.respond(message.as_str()).unwrap();
    assert_eq!(reply.response().len(), message.len() + "You said: ".len());
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn header_case_survives_tls_in_both_dialects() {
    for (dialect, name, key, token) in [
        (Dialect::Current, "current", "X-API-KEY", "X-TOKEN"),
        (Dialect::Legacy, "legacy", "X-Api-Key", "X-Token"),
    ] {
        let identity = TlsIdentity::generate().unwrap();
        let simulator = builder().dialect(dialect).tls(identity).start().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let ca_file = directory.path().join("ca.pem");
        std::fs::write(&ca_file, simulator.ca_pem().unwrap()).unwrap();
        let config = config(&simulator.url())
            .dialect(name)
            .ca_file(ca_file.to_str().unwrap());
        let conversation = Client::new(config).unwrap().create(Create::new()).unwrap();
        conversation.respond("a").unwrap();
        assert_eq!(simulator.connections(), 1);
        for request in simulator.received() {
            assert_eq!(
                (request.header(key), request.header(token)),
                (Some(KEY), Some(TOKEN))
            );
            for exact in [
                "Host",
                "Content-Type",
                "Content-Length",
                "User-Agent",
                "X-PolyAI-Correlation-Id",
            ] {
                assert!(request.header(exact).is_some(), "{exact}");
            }
            assert_eq!(request.headers.len(), 7, "{:?}", request.redacted_headers());
        }
    }
}
