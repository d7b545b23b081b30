//! The bytes between us and the service's own TLS: a socket, or a TLS session with the proxy over it.

use super::carrier::{self, Bytes, Carrier};
use super::socket::{DeadlineSocket, Idle};
use crate::call::Call;
use crate::foundation::deadline::Deadline;
use rustls::ClientConnection;
use socket2::Socket;
use std::io::{self, Write};
use std::sync::Arc;

pub(super) struct Stream {
    socket: DeadlineSocket,
    to_proxy: Option<Box<ClientConnection>>,
}

impl Stream {
    pub(super) fn new(socket: DeadlineSocket, to_proxy: Option<Box<ClientConnection>>) -> Self {
        Self { socket, to_proxy }
    }

    pub(super) fn shared(&self) -> Arc<Socket> {
        self.socket.shared()
    }

    /// Waits until something has come, as far as that is seen outside of a TLS session with the proxy. What goes wrong meanwhile,
    /// receiving tells.
    pub(super) fn wait(&mut self, call: &Call, until: Deadline) {
        if self.to_proxy.is_none() {
            let _ = self.socket.wait(call, until);
        }
    }

    /// Looks, without waiting and without taking anything.
    pub(super) fn idle(&mut self, call: &Call) -> Idle {
        let Some(session) = &mut self.to_proxy else {
            return self.socket.peek();
        };
        loop {
            match session.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() > 0 => return Idle::Bytes,
                Ok(state) if !state.peer_has_closed() => {}
                _ => return Idle::Gone,
            }
            match self.socket.peek() {
                // Session tickets of the proxy, perhaps.
                Idle::Bytes => {
                    let mut carrier = Carrier::new(&mut self.socket, call, call.deadline);
                    if !session.read_tls(&mut carrier).is_ok_and(|count| count > 0) {
                        return Idle::Gone;
                    }
                }
                other => return other,
            }
        }
    }
}

impl Bytes for Stream {
    fn receive(&mut self, buffer: &mut [u8], call: &Call, until: Deadline) -> io::Result<usize> {
        match &mut self.to_proxy {
            None => self.socket.receive(buffer, call, until),
            Some(session) => {
                let mut carrier = Carrier::new(&mut self.socket, call, until);
                carrier::receive(session, &mut carrier, buffer)
            }
        }
    }

    fn send(&mut self, bytes: &[u8], call: &Call, until: Deadline) -> io::Result<usize> {
        let Some(session) = &mut self.to_proxy else {
            return self.socket.send(bytes, call, until);
        };
        let mut carrier = Carrier::new(&mut self.socket, call, until);
        // What waits is of earlier bytes. It goes first, so that the caller knows whether any of these went.
        while session.wants_write() {
            session.write_tls(&mut carrier)?;
        }
        let count = session.writer().write(bytes)?;
        session.write_tls(&mut carrier)?;
        Ok(count)
    }

    fn flush(&mut self, call: &Call, until: Deadline) -> io::Result<()> {
        let Some(session) = &mut self.to_proxy else {
            return Ok(());
        };
        let mut carrier = Carrier::new(&mut self.socket, call, until);
        while session.wants_write() {
            session.write_tls(&mut carrier)?;
        }
        Ok(())
    }
}
