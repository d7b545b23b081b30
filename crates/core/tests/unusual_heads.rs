//! Heads of answers that are right, but seldom met, in pieces of every size, on raw sockets.
#![cfg(test)]

mod fixture;

use fixture::config;
use polyai_chat_core::{Client, Create, Greeting};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

const BODY: &str = r#"{"conversation_id": "1", "response": "Hello"}"#;

fn head(lines: &str) -> String {
    format!("{lines}Content-Length: {}\r\n\r\n", BODY.len())
}

fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"}") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1);
        request.extend(byte);
    }
}

/// Answers each request of one connection, in pieces of so many bytes.
fn server(answer: String, piece: usize, requests: usize) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        for _ in 0..requests {
            read_request(&mut stream);
            for piece in answer.as_bytes().chunks(piece) {
                stream.write_all(piece).unwrap();
                thread::yield_now();
            }
        }
    });
    (url, server)
}

/// What two calls on one connection were answered.
fn greetings(answer: &str, piece: usize) -> Vec<Greeting> {
    let (url, server) = server(answer.to_owned(), piece, 2);
    let client = Client::new(config(&url).max_attempts(1)).unwrap();
    let greetings = (0..2)
        .map(|_| {
            let conversation = client.create(Create::new()).unwrap();
            conversation.greeting().clone()
        })
        .collect();
    server.join().unwrap();
    greetings
}

#[test]
fn interim_answers_are_passed_over_however_they_are_cut() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-Of: interim\r\n\r\n";
    let last = head("HTTP/1.1 200 OK\r\nX-Of: answer\r\n");
    let answer = format!("{interim}{last}{BODY}");
    for piece in [1, 2, 7, interim.len(), interim.len() + 20, answer.len()] {
        for greeting in greetings(&answer, piece) {
            assert_eq!(greeting.response(), "Hello", "pieces of {piece}");
            assert_eq!(greeting.header("x-of"), Some("answer"), "pieces of {piece}");
            assert_eq!(greeting.header("link"), None);
        }
    }
}

#[test]
fn every_header_is_there_in_its_order_whatever_the_head_looks_like() {
    for first in [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200\r\n",
        "HTTP/1.1 200 \r\n",
        "\r\nHTTP/1.1 200 Fine\r\n",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n",
    ] {
        let lines = format!("{first}X-Trace:a\r\nx-TRACE:  b \r\nX-Empty:\r\n");
        let answer = format!("{}{BODY}", head(&lines));
        for greeting in greetings(&answer, answer.len()) {
            let headers: Vec<_> = greeting.headers().collect();
            let of_ours: Vec<_> = headers
                .iter()
                .filter(|(name, _)| name.starts_with("x-"))
                .collect();
            let expected: [(&str, &[u8]); 3] =
                [("x-trace", b"a"), ("x-trace", b"b"), ("x-empty", b"")];
            assert_eq!(of_ours, expected.iter().collect::<Vec<_>>(), "{first:?}");
            assert!(headers.iter().any(|(name, _)| *name == "content-length"));
            assert_eq!(greeting.header("X-Trace"), Some("a"));
        }
    }
}

#[test]
fn a_head_with_the_shortest_lines_leaves_its_connection_usable() {
    let answer = format!("HTTP/1.1 200\nContent-Length:{}\n\n{BODY}", BODY.len());
    for piece in [1, answer.len()] {
        let greetings = greetings(&answer, piece);
        assert!(
            greetings
                .iter()
                .all(|greeting| greeting.response() == "Hello")
        );
    }
}

#[test]
fn chunks_follow_a_head_in_the_same_piece_or_later() {
    let chunks: String = BODY
        .as_bytes()
        .chunks(5)
        .map(|chunk| {
            format!(
                "{:x}\r\n{}\r\n",
                chunk.len(),
                String::from_utf8_lossy(chunk)
            )
        })
        .collect();
    let answer =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n{chunks}0\r\n\r\n");
    for piece in [1, 3, 60, answer.len()] {
        for greeting in greetings(&answer, piece) {
            assert_eq!(
                (greeting.response(), greeting.header("x-a")),
                ("Hello", Some("b"))
            );
        }
    }
}
