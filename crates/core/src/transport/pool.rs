//! The idle connections of a client. The one used last is taken first, so that the others age and leave.

use super::connection::Connection;
use crate::sync::{Mutex, lock};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub(super) struct Pool {
    idle: Mutex<VecDeque<(Connection, Instant)>>,
    idle_timeout: Duration,
    most: usize,
}

impl Pool {
    pub(super) fn new(idle_timeout: Duration, most: usize) -> Self {
        Self {
            idle: Mutex::default(),
            idle_timeout,
            most,
        }
    }

    pub(super) fn take(&self) -> Option<Connection> {
        let mut too_old = VecDeque::new();
        let mut idle = lock(&self.idle);
        let (connection, since) = idle.pop_back()?;
        if since.elapsed() < self.idle_timeout {
            return Some(connection);
        }
        // The others have been idle for longer. They are closed when the lock is free again.
        std::mem::swap(&mut *idle, &mut too_old);
        drop(idle);
        None
    }

    pub(super) fn put(&self, connection: Connection) {
        let now = Instant::now();
        let mut leaving = Vec::new();
        let mut idle = lock(&self.idle);
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

    pub(super) fn clear(&self) {
        // Closed when the lock is free again.
        let leaving = std::mem::take(&mut *lock(&self.idle));
        drop(leaving);
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.idle).len()
    }
}
