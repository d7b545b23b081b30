//! Answers that frame their body in two ways at once, or in one that nobody knows.
#![cfg(test)]

mod fixture;
mod raw;

use fixture::config;
use polyai_chat_core::{Client, Delivery, ErrorKind};
use raw::{read_request, serving};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const REPLY: &str = r#"{"response": "hi"}"#;

type Outcome = Result<String, (ErrorKind, Delivery)>;

/// What two turns get, and over how many connections, where each is answered with these headers and this body.
fn two_turns(headers: &str, body: &str) -> (Vec<Outcome>, u64) {
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n{body}");
    let connections = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&connections);
    let server = serving(move |connection| {
        counted.fetch_add(1, Ordering::SeqCst);
        let mut requests = 0;
        while !read_request(connection).is_empty() {
            requests += 1;
            let _ = connection.write_all(answer.as_bytes());
        }
        requests
    });
    let client = Client::new(config(&server.url)).unwrap();
    let outcomes = (0..2)
        .map(|_| match client.respond("c-1", "hello") {
            Ok(reply) => Ok(reply.response().to_owned()),
            Err(error) => Err((error.kind(), error.delivery())),
        })
        .collect();
    (outcomes, connections.load(Ordering::SeqCst))
}

#[test]
fn a_connection_whose_answer_was_framed_twice_is_not_used_again() {
    let length = REPLY.len();
    let chunked = format!("{length:x}\r\n{REPLY}\r\n0\r\n\r\n");
    for (headers, body, connections) in [
        (format!("Content-Length: {length}\r\n"), REPLY, 1),
        ("Transfer-Encoding: chunked\r\n".to_owned(), &chunked, 1),
        ("TRANSFER-ENCODING: Chunked\r\n".to_owned(), &chunked, 1),
        (
            format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
            &chunked,
            2,
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n".to_owned(),
            &chunked,
            2,
        ),
    ] {
        let expected = vec![Ok("hi".to_owned()), Ok("hi".to_owned())];
        assert_eq!(
            two_turns(&headers, body),
            (expected, connections),
            "{headers}"
        );
    }
}

#[test]
fn a_coding_that_is_not_known_is_no_reply() {
    let chunked = format!("{:x}\r\n{REPLY}\r\n0\r\n\r\n", REPLY.len());
    for coding in [
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: \r\n",
    ] {
        // Such a turn may have been processed, so it is sent once.
        let expected = vec![Err((ErrorKind::Protocol, Delivery::Unknown)); 2];
        assert_eq!(two_turns(coding, &chunked), (expected, 2), "{coding}");
    }
}
