//! The floor of TLS: a bare socket with rustls on it, and a request that is ready. See `turns.rs` for how it is used.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program of the benchmark asks the system for times, and fails loudly"
)]

mod turns;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

struct Socket {
    stream: StreamOwned<ClientConnection, TcpStream>,
    request: Vec<u8>,
    received: Vec<u8>,
    /// How long the answer is, once it is known.
    answer_bytes: usize,
}

fn request(host: &str, operation: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /v1/simulator-account/simulator-project/chat/{operation} HTTP/1.1\r\nHost: {host}\r\n\
         X-API-KEY: simulator-key\r\nX-TOKEN: simulator-token\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Socket {
    /// Sends, and receives until the answer is there, which the first one of its kind tells by its last byte.
    fn exchange(&mut self) -> usize {
        self.stream.write_all(&self.request).unwrap();
        let mut filled = 0;
        loop {
            let read = self
                .stream
                .read(self.received.get_mut(filled..).unwrap())
                .unwrap();
            assert_ne!(read, 0, "the server has closed the connection");
            filled += read;
            let ended = self.received.get(filled - 1) == Some(&b'}');
            if filled == self.answer_bytes || (self.answer_bytes == 0 && ended) {
                return filled;
            }
        }
    }
}

impl turns::Stack for Socket {
    fn open(url: &str, ca_file: Option<&str>) -> Self {
        let host = url.strip_prefix("https://").unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(ca_file.unwrap()).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = host.split(':').next().unwrap().to_owned();
        let session = ClientConnection::new(Arc::new(config), name.try_into().unwrap()).unwrap();
        let connection = TcpStream::connect(host).unwrap();
        connection.set_nodelay(true).unwrap();
        let mut socket = Self {
            stream: StreamOwned::new(session, connection),
            request: request(host, "create", "{}"),
            received: vec![0; 16 << 10],
            answer_bytes: 0,
        };
        let filled = socket.exchange();
        let answer = std::str::from_utf8(socket.received.get(..filled).unwrap()).unwrap();
        let (_, id) = answer.split_once("\"conversation_id\":\"").unwrap();
        let id = id.split('"').next().unwrap();
        let body = format!(
            "{{\"conversation_id\":\"{id}\",\"message\":\"{}\"}}",
            turns::MESSAGE
        );
        socket.request = request(host, "respond", &body);
        socket.answer_bytes = socket.exchange();
        socket
    }

    fn turn(&mut self) -> usize {
        self.exchange();
        turns::REPLY_BYTES // a bare socket does not read what it receives
    }
}

fn main() {
    turns::run::<Socket>();
}
