//! One connection from accept to its end.

use super::exchange::{self, After};
use super::listener::Acceptance;
use super::plan::{CloseIdle, Cut, Plan};
use crate::fault::{Direction, Moment, Occasion, Pause, Stage};
use crate::shared::Shared;
use crate::wire::stream::{Stream, Wire, reset_on_drop};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::rustls::{HandshakeKind, ServerConfig};

/// A connection counts as open for as long as this lives.
struct OpenConnection(Arc<Shared>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0
            .change(|state| state.records.counts.connection_closed());
    }
}

pub(super) async fn serve(stream: TcpStream, number: u64, acceptance: Acceptance) {
    let shared = acceptance.shared;
    let _open = OpenConnection(Arc::clone(&shared));
    let plan = Plan::of(shared.happening(&Occasion {
        stage: Stage::Connection,
        connection: number,
        request_on_connection: None,
        request: None,
        operation: None,
    }));
    // Without it a reply in pieces would be held back; a socket that is gone fails at the next read anyway.
    let _ = stream.set_nodelay(true);
    if has_left(&stream, plan.delay(Pause::Accept)).await {
        return;
    }
    if let Some(cut) = plan.cut(Moment::Accept) {
        return drop_socket(stream, cut);
    }
    let stream = match acceptance.tls {
        None => Stream::Plain(stream),
        Some(config) => match handshake(stream, config, &plan, &shared).await {
            Ok(Some(stream)) => stream,
            // The client refused the certificate or left, or a fault ended it.
            Ok(None) | Err(_) => return,
        },
    };
    serve_requests(Wire::new(stream), number, &shared).await;
}

async fn handshake(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
    plan: &Plan,
    shared: &Shared,
) -> io::Result<Option<Stream>> {
    if !speaks_tls(&stream).await? {
        tell_plain_client(&mut stream).await;
        return Ok(None);
    }
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    if has_left(&start.io, plan.delay(Pause::Handshake)).await {
        return Ok(None);
    }
    if let Some(cut) = plan.cut(Moment::Handshake) {
        if cut == Cut::Reset {
            reset_on_drop(&start.io);
        }
        return Ok(None);
    }
    let stream = start.into_stream(config).await?;
    let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
    shared.change(|state| {
        let counts = &mut state.records.counts;
        counts.tls_handshakes += 1;
        counts.tls_resumptions += u64::from(resumed);
    });
    Ok(Some(Stream::Tls(Box::new(stream))))
}

async fn speaks_tls(stream: &TcpStream) -> io::Result<bool> {
    const HANDSHAKE_RECORD: u8 = 22;
    let mut first = [0];
    stream.peek(&mut first).await?;
    Ok(first == [HANDSHAKE_RECORD])
}

/// Somebody who speaks plain HTTP to a TLS port should not have to guess.
async fn tell_plain_client(stream: &mut TcpStream) {
    use tokio::io::AsyncWriteExt;
    const TEXT: &[u8] = b"HTTP/1.1 400 Bad Request\r\nX-Simulator: simulator, no PolyAI service contacted\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 54\r\n\r\nThis port of the simulator speaks TLS: use https://...";
    // What the client sent must be read, or closing would reset the connection before it reads this.
    let _ = stream.try_read(&mut [0; 4096]);
    // The client has left, or will read it.
    let _ = stream.write_all(TEXT).await;
}

async fn serve_requests(mut wire: Wire, connection: u64, shared: &Arc<Shared>) {
    let mut idle: Option<CloseIdle> = None;
    for request_on_connection in 1.. {
        match first_bytes(&mut wire, idle).await {
            Ok(true) => {}
            Ok(false) => {
                let cut = idle.map_or(Cut::Close, |idle| idle.cut);
                return give_up(wire, cut).await;
            }
            Err(_) => return,
        }
        let plan = Plan::of(shared.happening(&Occasion {
            stage: Stage::Read,
            connection,
            request_on_connection: Some(request_on_connection),
            request: None,
            operation: None,
        }));
        if let Some(cut) = plan.cut(Moment::BeforeRead) {
            return give_up(wire, cut).await;
        }
        if wire.pause(plan.delay(Pause::Read)).await.is_err() {
            return;
        }
        wire.reading_pace = plan.drip(Direction::Request);
        let after = exchange::run(&mut wire, shared, connection, request_on_connection).await;
        wire.reading_pace = None;
        match after {
            Ok(After::KeepOpen(close_idle)) => idle = close_idle,
            Ok(After::Cut(cut)) => return give_up(wire, cut).await,
            Ok(After::CloseWhenRead) => return wire.close_after_reading().await,
            Err(_) => return,
        }
    }
}

/// Waits for a request to begin: false when there will be none.
async fn first_bytes(wire: &mut Wire, idle: Option<CloseIdle>) -> io::Result<bool> {
    if !wire.buffer.is_empty() {
        return Ok(true);
    }
    let filled = match idle {
        None => wire.fill().await?,
        Some(idle) => match tokio::time::timeout(idle.after, wire.fill()).await {
            Ok(filled) => filled?,
            Err(_elapsed) => return Ok(false),
        },
    };
    Ok(filled > 0)
}

async fn give_up(wire: Wire, cut: Cut) {
    match cut {
        Cut::Close => wire.close().await,
        Cut::Reset => wire.reset(),
    }
}

/// Waits without reading, and says whether the client left meanwhile.
async fn has_left(stream: &TcpStream, pause: Duration) -> bool {
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    if pause.is_zero() {
        return false;
    }
    let left = async {
        while let Ok(ready) = stream.ready(Interest::READABLE).await {
            if ready.is_read_closed() {
                break;
            }
            // Unread bytes keep the socket ready, so that there is no event to wait for.
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(pause, left).await.is_ok()
}

fn drop_socket(stream: TcpStream, cut: Cut) {
    if cut == Cut::Reset {
        reset_on_drop(&stream);
    }
    drop(stream);
}
