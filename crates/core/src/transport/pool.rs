//! The idle connections of a client. The one used last is taken first, so that the others age and leave.

use super::connection::Connection;
use super::message::ReceivedHead;
use super::trace::Trace;
use crate::foundation::clock::Clock;
use crate::foundation::sync::{AtomicBool, Mutex, Ordering, lock};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub(super) struct Pool {
    idle: Mutex<VecDeque<(Box<Connection>, Instant)>>,
    idle_timeout: Duration,
    most: usize,
    clock: Clock,
    is_closed: AtomicBool,
}

impl Pool {
    pub(super) fn new(idle_timeout: Duration, most: usize, clock: Clock) -> Self {
        Self {
            idle: Mutex::default(),
            idle_timeout,
            most,
            clock,
            is_closed: AtomicBool::new(false),
        }
    }

    pub(super) fn take(&self) -> Option<Box<Connection>> {
        // They are closed when the lock is free again.
        let mut too_old = Vec::new();
        let mut idle = lock(&self.idle);
        while let Some((connection, since)) = idle.pop_back() {
            if self.clock.since(since) < self.rest_of(&connection) {
                return Some(connection);
            }
            too_old.push(connection);
        }
        drop(idle);
        drop(too_old);
        None
    }

    /// How long a connection may be idle and still be used.
    fn rest_of(&self, connection: &Connection) -> Duration {
        let held_for = connection.held_for.unwrap_or(self.idle_timeout);
        held_for.min(self.idle_timeout)
    }

    pub(super) fn put(&self, connection: Box<Connection>) {
        let now = self.clock.now();
        let mut leaving = Vec::new();
        let mut idle = lock(&self.idle);
        if self.is_closed.load(Ordering::Acquire) {
            return;
        }
        idle.push_back((connection, now));
        while idle.len() > self.most
            || idle
                .front()
                .is_some_and(|(_, since)| now.duration_since(*since) >= self.idle_timeout)
        {
            leaving.extend(idle.pop_front());
        }
        drop(idle);
        drop(leaving);
    }

    /// Whether the connection that would be taken next is of use. Its age goes on.
    pub(super) fn holds_one_that_is_alive(&self) -> bool {
        lock(&self.idle).back().is_some_and(|(connection, since)| {
            self.clock.since(*since) < self.rest_of(connection) && connection.is_alive()
        })
    }

    /// Closes what is idle, and what comes back later.
    pub(super) fn close(&self) {
        let mut idle = lock(&self.idle);
        self.is_closed.store(true, Ordering::Release);
        let leaving = std::mem::take(&mut *idle);
        // Closed when the lock is free again.
        drop(idle);
        drop(leaving);
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.idle).len()
    }
}

/// A complete answer, and the connection it came by.
pub(crate) struct Incoming<'a> {
    pub(crate) received: ReceivedHead,
    pub(crate) trace: Trace,
    connection: Box<Connection>,
    pool: &'a Pool,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(
        received: ReceivedHead,
        trace: Trace,
        connection: Box<Connection>,
        pool: &'a Pool,
    ) -> Self {
        Self {
            received,
            trace,
            connection,
            pool,
        }
    }

    /// The answer made sense: its connection may carry the next call. Without this it is closed.
    pub(crate) fn keep_connection(self) -> ReceivedHead {
        if self.connection.is_open() {
            self.pool.put(self.connection);
        }
        self.received
    }
}
