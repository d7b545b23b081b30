//! Opening a TCP connection to whichever of several addresses answers first.
//!
//! The addresses are tried in turn, each a little after the one before it while that one is still undecided, so that a
//! dead route costs a quarter of a second and not the deadline (RFC 8305).

use super::failure::{Cause, Failure};
use super::sys::poll::wait_writable;
use super::sys::sockets;
use crate::call::{Call, Interrupt, Stop};
use crate::foundation::deadline::Deadline;
use crate::foundation::sync::{Mutex, lock};
use crate::model::Phase;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an address may stay undecided before the next one is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);

/// The connections that are neither open nor refused yet.
#[derive(Default)]
struct PendingConnections(Mutex<Vec<(Arc<Socket>, SocketAddr)>>);

impl Interrupt for PendingConnections {
    fn interrupt(&self) {
        for (socket, _) in lock(&self.0).iter() {
            // Wakes the poll; a socket that is already gone needs no waking.
            sockets::interrupt(socket);
        }
    }
}

pub(super) fn dial(
    addresses: &[SocketAddr],
    call: &Call,
    until: Deadline,
) -> Result<(Arc<Socket>, SocketAddr), Failure> {
    let undecided = Arc::new(PendingConnections::default());
    call.cancel.attach(undecided.clone());
    let mut candidates = in_turn(addresses).into_iter().peekable();
    let mut next_start = Instant::now();
    let mut refusals: Vec<String> = Vec::new();
    let mut last_error = None;
    loop {
        let patience = call
            .may_block(until)
            .map_err(|stop| gave_up(stop, call, &refusals))?;
        let some_are_undecided = !lock(&undecided.0).is_empty();
        let now = Instant::now();
        if (!some_are_undecided || now >= next_start) && candidates.peek().is_some() {
            if let Some(address) = candidates.next() {
                next_start = now + HEAD_START;
                match start(address) {
                    Ok((socket, true)) => return ready(socket, address),
                    Ok((socket, false)) => lock(&undecided.0).push((socket, address)),
                    Err(error) => {
                        refusals.push(format!("{address}: {error}"));
                        last_error = Some(error);
                    }
                }
            }
            continue;
        }
        if !some_are_undecided {
            let failure = Failure::new(Cause::NotConnected, Phase::Connect, refusals.join("; "));
            return Err(match last_error {
                Some(error) => failure.unless_exhausted(&error).with_source(error),
                None => failure,
            });
        }
        let wait = match candidates.peek() {
            Some(_) => patience.min(next_start.saturating_duration_since(now)),
            None => patience,
        };
        if let Some((socket, address)) = decide(&undecided, wait, &mut refusals, &mut last_error) {
            return ready(socket, address);
        }
    }
}

/// Waits once and takes out what has been decided: the winner is returned, losers are remembered.
fn decide(
    undecided: &PendingConnections,
    wait: Duration,
    refusals: &mut Vec<String>,
    last_error: &mut Option<io::Error>,
) -> Option<(Arc<Socket>, SocketAddr)> {
    let waiting = lock(&undecided.0).clone();
    let sockets = waiting.iter().map(|(socket, _)| &**socket);
    let decided = wait_writable(sockets, wait).unwrap_or_default();
    for ((socket, address), _) in waiting.iter().zip(decided).filter(|(_, ready)| *ready) {
        lock(&undecided.0).retain(|(other, _)| !Arc::ptr_eq(other, socket));
        let error = match socket.take_error() {
            Ok(None) => match socket.peer_addr() {
                Ok(_) => return Some((Arc::clone(socket), *address)),
                Err(error) => error,
            },
            Ok(Some(error)) | Err(error) => error,
        };
        refusals.push(format!("{address}: {error}"));
        *last_error = Some(error);
    }
    None
}

/// Begins to connect; `true` when that was decided at once.
fn start(address: SocketAddr) -> io::Result<(Arc<Socket>, bool)> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::from(address)) {
        Ok(()) => Ok((Arc::new(socket), true)),
        Err(error) if sockets::is_connecting(&error) => Ok((Arc::new(socket), false)),
        Err(error) => Err(error),
    }
}

fn ready(socket: Arc<Socket>, address: SocketAddr) -> Result<(Arc<Socket>, SocketAddr), Failure> {
    let prepared = socket
        .set_nonblocking(false)
        .and_then(|()| socket.set_tcp_nodelay(true));
    match prepared {
        Ok(()) => Ok((socket, address)),
        Err(error) => Err(Failure::new(
            Cause::NotConnected,
            Phase::Connect,
            format!("{address}: {error}"),
        )
        .with_source(error)),
    }
}

fn gave_up(stop: Stop, call: &Call, refusals: &[String]) -> Failure {
    // Which of the two limits it was: the call's own, or the share that connecting may take of it.
    if stop == Stop::DeadlinePassed && call.time_left().is_some() {
        return Failure::new(Cause::ConnectTimeout, Phase::Connect, refusals.join("; "));
    }
    Failure::stopped(stop, Phase::Connect)
}

/// The resolver's order, with the two address families taking turns.
fn in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut ordered = Vec::with_capacity(addresses.len());
    for address in first {
        ordered.push(address);
        ordered.extend(second.next());
    }
    ordered.extend(second);
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns() {
        let parse = |text: &[&str]| -> Vec<SocketAddr> {
            text.iter()
                .map(|address| address.parse().unwrap())
                .collect()
        };
        assert_eq!(
            in_turn(&parse(&[
                "[::1]:1",
                "[::2]:1",
                "[::3]:1",
                "1.1.1.1:1",
                "2.2.2.2:1"
            ])),
            parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"])
        );
        assert_eq!(in_turn(&[]), []);
    }
}
