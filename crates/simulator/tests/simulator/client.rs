//! A raw HTTP/1.1 client.

use polyai_chat_simulator::Simulator;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn field(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }
}

impl Client<TcpStream> {
    pub(crate) fn connect(simulator: &Simulator) -> Self {
        let stream = TcpStream::connect(simulator.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }
}

impl<S: Read + Write> Client<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self.stream.flush().unwrap();
    }

    pub(crate) fn post(&mut self, simulator: &Simulator, operation: &str, body: &str) -> Reply {
        self.send(request(simulator, operation, body));
        self.reply().unwrap()
    }

    /// Opens a conversation.
    pub(crate) fn create(&mut self, simulator: &Simulator) -> String {
        let reply = self.post(simulator, "create", "{}");
        assert_eq!(reply.status, 200);
        reply.field("conversation_id")
    }

    pub(crate) fn say(&mut self, simulator: &Simulator, id: &str, message: &str) -> Reply {
        self.post(simulator, "respond", &turn(id, message))
    }

    /// One reply, framed by its length or its chunks.
    pub(crate) fn reply(&mut self) -> io::Result<Reply> {
        let head = self.until(b"\r\n\r\n")?;
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap();
        let status = status
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3))
            .and_then(|digits| digits.parse().ok())
            .ok_or(io::ErrorKind::InvalidData)?;
        let headers: Vec<(String, String)> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_owned(), value.trim().to_owned())
            })
            .collect();
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        if let Some(length) = reply.header("content-length") {
            let length = length.parse().unwrap();
            reply.body = self.bytes(length)?;
        }
        Ok(reply)
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = std::mem::take(&mut self.unread);
        self.stream.read_to_end(&mut rest)?;
        Ok(rest)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < count {
            self.fill()?;
        }
        Ok(self.unread.drain(..count).collect())
    }

    fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            let found = self
                .unread
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                return Ok(self.unread.drain(..at + end.len()).collect());
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 * 1024];
        let count = self.stream.read(&mut piece)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.unread.extend_from_slice(&piece[..count]);
        Ok(())
    }
}

pub(crate) fn turn(id: &str, message: &str) -> String {
    serde_json::json!({"conversation_id": id, "message": message}).to_string()
}

pub(crate) fn path(simulator: &Simulator, operation: &str) -> String {
    format!(
        "/{}/{}/{}/chat/{operation}",
        simulator.version(),
        simulator.account_id(),
        simulator.project_id()
    )
}

/// A right request.
pub(crate) fn request(simulator: &Simulator, operation: &str, body: &str) -> String {
    let dialect = simulator.dialect();
    let method = if operation == "close" { "PUT" } else { "POST" };
    raw(
        method,
        &path(simulator, operation),
        &[
            (dialect.key_header(), &simulator.api_key()),
            (dialect.token_header(), &simulator.token()),
            ("Content-Type", "application/json"),
        ],
        body,
    )
}

pub(crate) fn raw(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    text
}
