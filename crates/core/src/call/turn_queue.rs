//! One turn at a time in a conversation, in the order in which they were asked for.

use super::call::{Call, Stop};
use super::cancel::Interrupt;
use crate::foundation::fork;
use crate::foundation::fork::PerProcess;
use crate::foundation::sync::{Condvar, Mutex, PoisonError, lock};
use std::collections::VecDeque;
use std::sync::Arc;

pub(crate) struct TurnQueue {
    board: PerProcess<Arc<Board>>,
}

impl Default for TurnQueue {
    fn default() -> Self {
        Self {
            board: PerProcess::new(Arc::default()),
        }
    }
}

#[derive(Default)]
struct Board {
    line: Mutex<Line>,
    moved: Condvar,
}

#[derive(Default)]
struct Line {
    next_ticket: u64,
    /// Who waits, the one whose turn it is in front.
    tickets: VecDeque<u64>,
}

impl Interrupt for Board {
    fn interrupt(&self) {
        // Taken, so that a caller between its check and its waiting cannot miss this.
        let _line = lock(&self.line);
        self.moved.notify_all();
    }
}

/// A place in the line, kept until this is dropped.
pub(crate) struct Place {
    generation: u64,
    board: Arc<Board>,
    ticket: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        // In a forked child the line is the parent's.
        if self.generation != fork::generation() {
            return;
        }
        let others_wait = {
            let mut line = lock(&self.board.line);
            line.tickets.retain(|ticket| *ticket != self.ticket);
            !line.tickets.is_empty()
        };
        // To wake nobody costs a system call too.
        if others_wait {
            self.board.moved.notify_all();
        }
    }
}

impl TurnQueue {
    /// Takes the place behind all earlier calls. Does not wait.
    pub(crate) fn join(&self) -> Place {
        let board = self.board.get(Arc::default);
        let mut line = lock(&board.line);
        let ticket = line.next_ticket;
        line.next_ticket += 1;
        line.tickets.push_back(ticket);
        Place {
            generation: fork::generation(),
            board: Arc::clone(board),
            ticket,
        }
    }
}

impl Place {
    /// Waits until all earlier calls have ended, but not beyond the deadline of this one.
    pub(crate) fn wait(&self, call: &Call) -> Result<(), Stop> {
        if self.is_first() {
            return call.stopped().map_or(Ok(()), Err);
        }
        call.cancel.attach(self.board.clone());
        let outcome = self.wait_in_line(call);
        call.cancel.detach();
        outcome
    }

    fn wait_in_line(&self, call: &Call) -> Result<(), Stop> {
        loop {
            // The caller's check runs in here, so no lock is held.
            let patience = call.may_block(call.deadline)?;
            let line = lock(&self.board.line);
            if line.tickets.front() == Some(&self.ticket) {
                return Ok(());
            }
            if !call.cancel.is_cancelled() {
                let _line = self
                    .board
                    .moved
                    .wait_timeout(line, patience)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn is_first(&self) -> bool {
        lock(&self.board.line).tickets.front() == Some(&self.ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallOptions, CancelToken};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    fn call(timeout: Duration) -> Call {
        Call::begin(&CallOptions::default(), timeout, &CancelToken::new()).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    fn waiting(queue: &TurnQueue) -> usize {
        lock(&queue.board.get(Arc::default).line).tickets.len()
    }

    #[test]
    fn turns_come_in_the_order_of_the_calls() {
        let queue = TurnQueue::default();
        let (told, order) = mpsc::channel();
        let first = queue.join();
        thread::scope(|scope| {
            for number in 0..8 {
                let (place, told) = (queue.join(), told.clone());
                scope.spawn(move || {
                    place.wait(&call(LONG)).unwrap();
                    told.send(number).unwrap();
                });
            }
            first.wait(&call(LONG)).unwrap();
            drop(first);
        });
        assert_eq!(
            order.try_iter().collect::<Vec<_>>(),
            (0..8).collect::<Vec<_>>()
        );
    }

    #[test]
    fn who_waits_too_long_gives_up_and_leaves_the_line() {
        let queue = TurnQueue::default();
        let first = queue.join();
        let second = queue.join();
        assert_eq!(
            second.wait(&call(Duration::from_millis(5))),
            Err(Stop::DeadlinePassed)
        );
        drop(second);
        assert_eq!(waiting(&queue), 1);
        drop(first);
        assert_eq!(queue.join().wait(&call(LONG)), Ok(()));
    }

    #[test]
    fn who_waits_can_be_cancelled() {
        let queue = TurnQueue::default();
        let _first = queue.join();
        let second = queue.join();
        let call = call(LONG);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| second.wait(&call));
            call.cancel.cancel();
            assert_eq!(waiting.join().unwrap(), Err(Stop::Cancelled));
        });
    }
}
