//! A server of plain sockets that counts for itself and shares no code with the simulator.

use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Long enough for anything that should happen at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What came over one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) bytes: usize,
    pub(crate) requests: Vec<Request>,
}

/// A request that arrived as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn is_for(&self, operation: &str) -> bool {
        self.head
            .lines()
            .next()
            .is_some_and(|line| line.ends_with(&format!("/chat/{operation} HTTP/1.1")))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }
}

/// The server's side of a connection.
pub(crate) struct Peer {
    stream: TcpStream,
    unread: Vec<u8>,
    seen: Arc<Mutex<Vec<Seen>>>,
    index: usize,
}

impl Peer {
    /// Reads a request to its last byte; `None` when the client has left before.
    pub(crate) fn request(&mut self) -> Option<Request> {
        loop {
            if let Some((request, length)) = complete(&self.unread) {
                self.unread.drain(..length);
                self.seen.lock().unwrap()[self.index]
                    .requests
                    .push(request.clone());
                return Some(request);
            }
            if self.some_bytes()? == 0 {
                return None;
            }
        }
    }

    /// Reads whatever comes first.
    pub(crate) fn some_bytes(&mut self) -> Option<usize> {
        let mut piece = [0; 4096];
        let count = self.stream.read(&mut piece).ok()?;
        self.unread.extend_from_slice(&piece[..count]);
        self.seen.lock().unwrap()[self.index].bytes += count;
        Some(count)
    }

    /// Waits until the client has left, in whatever way; `false` when it says something instead.
    pub(crate) fn hears_nothing(&mut self) -> bool {
        self.some_bytes().is_none_or(|count| count == 0)
    }

    /// Writes; `false` when the client has left.
    pub(crate) fn say(&mut self, text: &str) -> bool {
        self.stream.write_all(text.as_bytes()).is_ok()
    }

    pub(crate) fn reply(&mut self, json: &str) {
        let text = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            json.len()
        );
        assert!(self.say(&text), "the client has left before its reply");
    }

    pub(crate) fn greet(&mut self) {
        self.reply(r#"{"conversation_id": "c-1", "response": "Hello."}"#);
    }

    /// Drops the connection with a reset.
    pub(crate) fn reset(self) {
        SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }

    /// Says that nothing will come any more, but goes on to listen.
    pub(crate) fn shut_down_writing(&self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// Writes a byte at a time until the client has left.
    pub(crate) fn drip(&mut self, text: &str, every: Duration) {
        for byte in text.bytes().chain(std::iter::repeat(b' ')) {
            if self.stream.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(every);
        }
    }
}

/// The first request of these bytes, and its length, if it is there as a whole.
fn complete(bytes: &[u8]) -> Option<(Request, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |value| value.parse().unwrap());
    let body = bytes.get(end..end + length)?;
    let body = String::from_utf8(body.to_vec()).unwrap();
    Some((Request { head, body }, end + length))
}

/// Serves each connection on a thread of its own, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stopping: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(serve: impl Fn(Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let stopping = Arc::new(AtomicBool::new(false));
        let serve = Arc::new(serve);
        let accepting = {
            let (seen, stopping) = (Arc::clone(&seen), Arc::clone(&stopping));
            thread::spawn(move || {
                let mut serving = Vec::new();
                while let Ok((stream, _)) = listener.accept() {
                    if stopping.load(Ordering::SeqCst) {
                        break;
                    }
                    let peer = take_in(stream, &seen).unwrap();
                    let serve = Arc::clone(&serve);
                    serving.push(thread::spawn(move || serve(peer)));
                }
                for thread in serving {
                    thread.join().unwrap();
                }
            })
        };
        Self {
            address,
            seen,
            stopping,
            accepting: Some(accepting),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends the server when the clients have gone, and says what came over each connection.
    pub(crate) fn finish(mut self) -> Vec<Seen> {
        self.stop();
        self.seen.lock().unwrap().clone()
    }

    fn stop(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            self.stopping.store(true, Ordering::SeqCst);
            // Wakes the thread that accepts.
            drop(TcpStream::connect(self.address));
            let ended = accepting.join();
            if !thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn take_in(stream: TcpStream, seen: &Arc<Mutex<Vec<Seen>>>) -> io::Result<Peer> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut all = seen.lock().unwrap();
    all.push(Seen::default());
    Ok(Peer {
        stream,
        unread: Vec::new(),
        seen: Arc::clone(seen),
        index: all.len() - 1,
    })
}
