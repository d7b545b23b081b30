//! Answers that come before they are due, with odd heads, or with a word about what comes next.
#![cfg(test)]

mod fixture;
mod raw;

use fixture::{PATIENCE, check, config};
use polyai_chat_core::{Client, Clock, Delivery, Error, ErrorKind};
use raw::{answering, read_request, serving};
use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const REPLY: &str = r#"{"response": "hi"}"#;

fn reply(headers: &str) -> Vec<u8> {
    let length = REPLY.len();
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n{REPLY}").into_bytes()
}

/// More than the buffers of both sides hold.
fn long_message() -> String {
    "x".repeat(fixture::MORE_THAN_IS_BUFFERED)
}

/// Answers a request of which it has read the beginning only, and goes.
fn answering_early(answer: Vec<u8>) -> raw::RawServer {
    serving(move |connection| {
        let mut beginning = [0; 4096];
        let _ = connection.read(&mut beginning);
        let _ = connection.write_all(&answer);
        1
    })
}

/// Windows may throw an answer away when the server resets the connection behind it. Then nobody knows.
fn is_lost(error: &Error) -> bool {
    cfg!(windows) && error.delivery() == Delivery::Unknown
}

#[test]
fn an_answer_before_the_whole_request_is_sent_counts() {
    let page = format!("<html>{}</html>", "too large ".repeat(20));
    let too_large = format!(
        "HTTP/1.1 413 Content Too Large\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    let server = answering_early(too_large.into_bytes());
    let client = Client::new(config(&server.url)).unwrap();
    let error = client.respond("c-1", long_message()).unwrap_err();
    if is_lost(&error) {
        check(&error, ErrorKind::Connect, Delivery::Unknown);
    } else {
        check(&error, ErrorKind::Rejected, Delivery::Rejected);
        assert_eq!(error.status(), Some(413), "{error}");
    }

    let server = answering_early(reply(""));
    let client = Client::new(config(&server.url)).unwrap();
    let outcome = client.respond("c-1", long_message());
    match outcome {
        Err(error) if is_lost(&error) => {
            check(&error, ErrorKind::Connect, Delivery::Unknown);
        }
        outcome => assert_eq!(outcome.unwrap().response(), "hi"),
    }

    for part in [
        &b""[..],
        b"HTTP/1.1 413 Content Too La",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
    ] {
        let server = answering_early(part.to_vec());
        let client = Client::new(config(&server.url).max_attempts(1)).unwrap();
        let error = client.respond("c-1", long_message()).unwrap_err();
        assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
    }
}

#[test]
fn folded_and_many_headers_cost_no_reply() {
    for headers in [
        "X-Trace: a\r\n b\r\n\tc\r\n".to_owned(),
        "X-A: b\r\n".repeat(1000),
        format!("{}X-Trace: a\r\n b\r\n", "X-A: b\r\n".repeat(500)),
    ] {
        let server = answering(reply(&headers));
        let client = Client::new(config(&server.url)).unwrap();
        let reply = client.respond("c-1", "x").unwrap();
        assert_eq!(reply.response(), "hi");
        if headers.contains("Trace") {
            let trace = reply.header("x-trace").unwrap();
            assert!(
                trace.starts_with("a ") && trace.ends_with('b') || trace.ends_with('c'),
                "{trace}"
            );
        }
    }
}

#[test]
fn a_connection_is_not_used_past_what_the_server_announced() {
    for (keep_alive, pause, connections) in [
        ("timeout=2", Duration::from_millis(2_200), 2),
        ("timeout=2, max=10", Duration::from_millis(2_000), 2),
        ("timeout=20", Duration::from_millis(2_200), 1),
        ("max=0", Duration::ZERO, 2),
        ("nonsense", Duration::from_secs(40), 1),
        ("timeout=99999", Duration::from_secs(60), 2),
    ] {
        let (sender, opened) = channel();
        let sender = Mutex::new(sender);
        let answer = reply(&format!("Keep-Alive: {keep_alive}\r\n"));
        let server = serving(move |connection| {
            sender.lock().unwrap().send(()).unwrap();
            while !read_request(connection).is_empty() && connection.write_all(&answer).is_ok() {}
            0
        });
        let clock = Clock::movable();
        let client = Client::new(config(&server.url).clock(&clock)).unwrap();
        client.respond("c-1", "a").unwrap();
        clock.advance(pause);
        client.respond("c-1", "b").unwrap();
        assert_eq!(opened.try_iter().count(), connections, "{keep_alive}");
    }
}

#[test]
fn a_date_that_has_passed_does_not_shorten_the_pause() {
    for retry_after in ["Sun, 06 Nov 1994 08:49:37 GMT", "0"] {
        let answer =
            format!("HTTP/1.1 429 Slow\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\n\r\n");
        let server = answering(answer.into_bytes());
        let clock = Clock::movable();
        let pause = Duration::from_secs(600);
        let config = config(&server.url)
            .clock(&clock)
            .timeout(Duration::from_secs(7200))
            .connect_timeout(Duration::from_secs(3600))
            .backoff(pause)
            .max_backoff(pause);
        let client = Client::new(config).unwrap();
        let turn = client.start_respond("c-1", "x").unwrap();
        let mut passed = Duration::ZERO;
        while !turn.wait(Duration::from_millis(1)) {
            clock.advance(Duration::from_secs(10));
            passed += Duration::from_secs(10);
        }
        let error = turn.take().unwrap_err();
        check(&error, ErrorKind::RateLimited, Delivery::Rejected);
        assert_eq!(error.attempts().len(), 3, "{error}");
        // Each is cut by half at most.
        assert!(passed >= pause, "{passed:?}");
    }
}

#[test]
fn a_pause_that_is_absurd_is_an_error_at_once() {
    for retry_after in [
        "18446744073709551615",
        "99999999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "-1",
        "soon",
    ] {
        let answer =
            format!("HTTP/1.1 429 Slow\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\n\r\n");
        let server = answering(answer.into_bytes());
        let client = Client::new(config(&server.url)).unwrap();
        let error = client.respond("c-1", "x").unwrap_err();
        check(&error, ErrorKind::RateLimited, Delivery::Rejected);
        assert_eq!(error.attempts().len(), 1, "{error}");
    }
}

#[test]
fn numbers_keep_their_digits_on_both_ways() {
    const NUMBER: &str = "89441100681234567890";
    let received = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&received);
    let body = format!(
        r#"{{"response": "hi", "order": {NUMBER}, "handoff": {{"destination": "billing", "order": {NUMBER}, "share": 0.10000000000000000001}}}}"#
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = serving(move |connection| {
        let request = read_request(connection);
        *kept.lock().unwrap() = String::from_utf8(request).unwrap();
        let _ = connection.write_all(answer.as_bytes());
        1
    });
    let client = Client::new(config(&server.url)).unwrap();
    let mut request = polyai_chat_core::Request::new();
    for field in ["integration_attributes", "metadata", "extra"] {
        let json = format!(
            r#"{{"own_{field}": [{NUMBER}, 1.50, -0.0, 12345678901234567890.123456789012345678]}}"#
        );
        request.set(field, json).unwrap();
    }
    let request = polyai_chat_core::Respond::try_from(request).unwrap();
    let reply = client.respond("c-1", request).unwrap();
    let sent = received.lock().unwrap().clone();
    for field in ["integration_attributes", "metadata", "extra"] {
        let expected = format!(
            r#""own_{field}":[{NUMBER},1.50,-0.0,12345678901234567890.123456789012345678]"#
        );
        assert!(sent.contains(&expected), "{expected}: {sent}");
    }
    assert_eq!(reply.unknown_fields()["order"].to_string(), NUMBER);
    let handoff = reply.handoff().unwrap().raw().to_string();
    assert!(
        handoff.contains(&format!("\"order\":{NUMBER}"))
            && handoff.contains("0.10000000000000000001"),
        "{handoff}"
    );
}

#[test]
fn a_hostile_unknown_field_costs_nothing_else() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let digits = "9".repeat(5_000);
    let body = format!(
        r#"{{"deep": {deep}, "digits": {digits}, "not": NaN, "response": "no", "response": "hi", "handoff": {{"destination": "billing", "score": 1e999, "deep": {deep}}}}}"#
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = answering(answer.into_bytes());
    // What is deep is never followed down, on however small a stack.
    let client = Client::new(config(&server.url).timeout(PATIENCE)).unwrap();
    let work = move || {
        let reply = client.respond("c-1", "x").unwrap();
        assert_eq!(reply.response(), "hi");
        assert_eq!(reply.handoff().unwrap().destination(), Some("billing"));
        let unknown = reply.unknown_fields();
        assert_eq!(unknown["digits"].to_string(), digits);
        assert_eq!(unknown["deep"], deep);
        assert!(unknown["not"].is_null());
    };
    thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}
