//! One connection's bytes, over TCP or TLS, with what was read ahead.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Small, so that thousands of idle connections cost little; a turn fits in it.
const READ_AT_ONCE: u64 = 4096;
/// More than this is not read ahead while a request is being answered.
const MOST_READ_AHEAD: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// So many bytes at a time, with a pause after each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) bytes: u64,
    pub(crate) pause: Duration,
}

#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    pub(crate) buffer: Vec<u8>,
    pub(crate) reading_pace: Option<Pace>,
}

impl Wire {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            reading_pace: None,
        }
    }

    /// Reads some more into the buffer; 0 at the end of the stream.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        let most = match self.reading_pace {
            Some(pace) => {
                tokio::time::sleep(pace.pause).await;
                pace.bytes
            }
            None => READ_AT_ONCE,
        };
        let room = usize::try_from(most).unwrap_or(usize::MAX).min(64 * 1024);
        self.buffer.reserve(room);
        match &mut self.stream {
            Stream::Plain(stream) => stream.take(most).read_buf(&mut self.buffer).await,
            Stream::Tls(stream) => stream.take(most).read_buf(&mut self.buffer).await,
        }
    }

    /// Takes bytes from the beginning of the buffer.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let count = count.min(self.buffer.len());
        let rest = self.buffer.split_off(count);
        std::mem::replace(&mut self.buffer, rest)
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes).await,
            Stream::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    pub(crate) async fn write_slowly(&mut self, bytes: &[u8], pace: Pace) -> io::Result<()> {
        let size = usize::try_from(pace.bytes).unwrap_or(usize::MAX).max(1);
        for (index, piece) in bytes.chunks(size).enumerate() {
            if index > 0 {
                self.pause(pace.pause).await?;
            }
            self.write(piece).await?;
        }
        Ok(())
    }

    /// Waits, and fails as soon as the client has left.
    pub(crate) async fn pause(&mut self, duration: Duration) -> io::Result<()> {
        if duration.is_zero() {
            return Ok(());
        }
        match tokio::time::timeout(duration, self.left()).await {
            Ok(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Err(_elapsed) => Ok(()),
        }
    }

    /// Ends when the client has left; what it sends meanwhile is kept for later.
    async fn left(&mut self) {
        self.reading_pace = None;
        while self.buffer.len() < MOST_READ_AHEAD {
            match self.fill().await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending::<()>().await;
    }

    /// Closes in good order.
    pub(crate) async fn close(mut self) {
        // The client may have closed first; there is nobody to tell.
        let _ = self.shut_down().await;
    }

    /// Closes, but reads for a moment what is still coming, so that no reset overtakes the last reply.
    pub(crate) async fn close_after_reading(mut self) {
        const FOR: Duration = Duration::from_secs(1);
        if self.shut_down().await.is_ok() {
            let drained = tokio::time::timeout(FOR, async {
                while let Ok(1..) = self.fill().await {
                    self.buffer.clear();
                }
            });
            let _ = drained.await;
        }
    }

    /// Gives the connection up with a reset.
    pub(crate) fn reset(self) {
        let socket = match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        };
        reset_on_drop(socket);
    }

    async fn shut_down(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.shutdown().await,
            Stream::Tls(stream) => stream.shutdown().await,
        }
    }
}

/// Makes dropping the socket a reset.
pub(crate) fn reset_on_drop(socket: &TcpStream) {
    // Fails only on a socket that is gone, which needs no reset.
    let _ = socket.set_zero_linger();
}
