use super::connection;
use crate::shared::Shared;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::rustls::ServerConfig;

/// Enough for thousands of clients that connect at the same moment; the system may allow less.
const BACKLOG: u32 = 4096;

/// What a connection needs besides the shared state.
#[derive(Clone)]
pub(crate) struct Acceptance {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// Must be called within the runtime that will serve the connections.
pub(crate) fn listen(address: SocketAddr, receive_buffer: Option<u32>) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until it is told to stop, or its handle is gone.
pub(crate) async fn accept(
    listener: TcpListener,
    acceptance: Acceptance,
    mut stop: oneshot::Receiver<()>,
) {
    let mut number = 0;
    while let Some(accepted) = next(&listener, &mut stop).await {
        match accepted {
            Ok(stream) => {
                number += 1;
                acceptance
                    .shared
                    .change(|state| state.records.counts.connection_opened());
                tokio::spawn(connection::serve(stream, number, acceptance.clone()));
            }
            // Out of descriptors, most likely: they come back when connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn next(
    listener: &TcpListener,
    stop: &mut oneshot::Receiver<()>,
) -> Option<io::Result<TcpStream>> {
    poll_fn(|context| {
        if Future::poll(std::pin::Pin::new(&mut *stop), context).is_ready() {
            return Poll::Ready(None);
        }
        listener
            .poll_accept(context)
            .map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    })
    .await
}
