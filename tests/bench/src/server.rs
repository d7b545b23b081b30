//! The server of the benchmark: answers a create, a respond and a close as the service does, and does as little as it can.
//!
//! `bench-server [--think-ms N] [--greet-ms N] [--tls CA_FILE]` prints its URL, then answers each line of its input with what it has
//! counted, as JSON. With `--think-ms` the agent thinks that long about each respond, with `--greet-ms` about each create. With `--tls` it serves TLS by a
//! certificate that it makes, and writes the authority of it to `CA_FILE`.
//!
//! A thread for each connection: of all designs the one that answers a lone request soonest, which makes the floor low.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program of the benchmark fails loudly"
)]

mod identity;
mod wire;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, Socket, Type};
use std::io::{BufRead, Read, Write, stdin};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Enough for a reply and the handshake of TLS, and little enough for a thousand threads.
const STACK_BYTES: usize = 256 << 10;

#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    requests: AtomicU64,
}

impl Counts {
    fn line(&self) -> String {
        let (connections, requests) = (&self.connections, &self.requests);
        format!(
            "{{\"connections\": {}, \"requests\": {}}}",
            connections.load(Ordering::Relaxed),
            requests.load(Ordering::Relaxed)
        )
    }
}

struct Options {
    pauses: Pauses,
    ca_file: Option<PathBuf>,
}

/// How long the agent thinks.
#[derive(Clone, Copy, Default)]
struct Pauses {
    greet: Duration,
    respond: Duration,
}

impl Pauses {
    fn before_answer_to(self, request: &wire::Request<'_>) -> Duration {
        if request.is_respond() {
            self.respond
        } else {
            self.greet
        }
    }
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            pauses: Pauses::default(),
            ca_file: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let value = arguments.next().unwrap();
            match argument.as_str() {
                "--think-ms" => {
                    options.pauses.respond = Duration::from_millis(value.parse().unwrap());
                }
                "--greet-ms" => {
                    options.pauses.greet = Duration::from_millis(value.parse().unwrap());
                }
                "--tls" => options.ca_file = Some(value.into()),
                other => unreachable!("there is no option {other}"),
            }
        }
        options
    }
}

/// Has room for as many connections as come at once; the standard library's does not.
fn listener() -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    socket.listen(4096).unwrap();
    socket.into()
}

/// Answers on a connection until the client has enough.
fn serve(mut connection: impl Read + Write, pauses: Pauses, counts: &Counts) {
    let (mut received, mut filled) = (vec![0; 16 << 10], 0);
    let mut answer = Vec::with_capacity(1 << 10);
    loop {
        let (Some(free), before) = (received.get_mut(filled..), filled) else {
            return;
        };
        match connection.read(free) {
            Ok(0) | Err(_) => return,
            Ok(read) => filled = before + read,
        }
        let Some(request) = received.get(..filled).and_then(wire::Request::read) else {
            continue;
        };
        counts.requests.fetch_add(1, Ordering::Relaxed);
        request.answer(&mut answer);
        let pause = pauses.before_answer_to(&request);
        if !pause.is_zero() {
            thread::sleep(pause);
        }
        if connection.write_all(&answer).is_err() || connection.flush().is_err() {
            return;
        }
        filled = 0; // a client of this API sends one request at a time
    }
}

fn accept(
    listener: &TcpListener,
    pauses: Pauses,
    tls: Option<&Arc<ServerConfig>>,
    counts: &Arc<Counts>,
) {
    for connection in listener.incoming() {
        let connection: TcpStream = connection.unwrap();
        connection.set_nodelay(true).unwrap();
        counts.connections.fetch_add(1, Ordering::Relaxed);
        let (counts, tls) = (Arc::clone(counts), tls.cloned());
        let run = move || match tls {
            None => serve(connection, pauses, &counts),
            Some(config) => {
                let session = ServerConnection::new(config).unwrap();
                serve(StreamOwned::new(session, connection), pauses, &counts);
            }
        };
        thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(run)
            .unwrap();
    }
}

fn main() {
    let options = Options::read();
    let tls = options.ca_file.as_deref().map(identity::made_for_localhost);
    let listener = listener();
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!(
        "{scheme}://localhost:{}",
        listener.local_addr().unwrap().port()
    );

    let counts = Arc::new(Counts::default());
    let counted = Arc::clone(&counts);
    thread::spawn(move || accept(&listener, options.pauses, tls.as_ref(), &counted));
    for line in stdin().lock().lines() {
        line.unwrap();
        println!("{}", counts.line());
    }
}
