//! Servers that send prepared bytes, whatever they are asked.
#![allow(dead_code, reason = "each test program takes what it needs")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Where it listens, and how many requests it was sent.
pub(crate) struct RawServer {
    pub(crate) url: String,
    requests: Arc<AtomicU64>,
}

impl RawServer {
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Hands every connection to `serve`, which tells how many requests it has read.
pub(crate) fn serving(serve: impl Fn(&mut TcpStream) -> u64 + Send + Sync + 'static) -> RawServer {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicU64::new(0));
    let (serve, counted) = (Arc::new(serve), Arc::clone(&requests));
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (serve, counted) = (Arc::clone(&serve), Arc::clone(&counted));
            thread::spawn(move || {
                let count = serve(&mut connection.unwrap());
                counted.fetch_add(count, Ordering::SeqCst);
            });
        }
    });
    RawServer { url, requests }
}

/// Answers the first request of a connection, and closes it. It is a proxy too: CONNECT leads to itself.
pub(crate) fn answering(answer: Vec<u8>) -> RawServer {
    serving(move |connection| {
        let mut request = read_request(connection);
        if request.starts_with(b"CONNECT ") {
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            request = read_request(connection);
        }
        let _ = connection.write_all(&answer);
        u64::from(!request.is_empty())
    })
}

/// A proxy that answers to whatever it is sent first.
pub(crate) fn proxy_answering(answer: Vec<u8>) -> RawServer {
    serving(move |connection| {
        let mut first = vec![0; 4096];
        let _ = connection.read(&mut first);
        let _ = connection.write_all(&answer);
        // A connection that is reset would lose the answer.
        let _ = connection.shutdown(std::net::Shutdown::Write);
        let _ = connection.read_to_end(&mut Vec::new());
        0
    })
}

/// A whole request, head and body; empty where there is none.
pub(crate) fn read_request(connection: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if request.len() >= end + 4 + length {
                return request;
            }
        }
        match connection.read(&mut buffer) {
            Ok(0) | Err(_) => return Vec::new(),
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
}
