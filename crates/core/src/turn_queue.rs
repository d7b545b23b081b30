//! One turn at a time in a conversation, in the order in which they were asked for.

use crate::call::{Call, Stop};
use crate::cancel::{Interrupt, lock};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

#[derive(Default)]
pub(crate) struct TurnQueue {
    state: Arc<Board>,
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

/// It is the holder's turn until this is dropped.
pub(crate) struct Turn {
    board: Arc<Board>,
    ticket: u64,
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.board.line)
            .tickets
            .retain(|ticket| *ticket != self.ticket);
        self.board.moved.notify_all();
    }
}

impl TurnQueue {
    /// Waits until all earlier calls have ended, but not beyond the deadline of this one.
    pub(crate) fn wait(&self, call: &Call) -> Result<Turn, Stop> {
        let turn = {
            let mut line = lock(&self.state.line);
            let ticket = line.next_ticket;
            line.next_ticket += 1;
            line.tickets.push_back(ticket);
            Turn {
                board: Arc::clone(&self.state),
                ticket,
            }
        };
        if self.is_first(turn.ticket) {
            return match call.stopped() {
                Some(stop) => Err(stop),
                None => Ok(turn),
            };
        }
        call.cancel.attach(self.state.clone());
        let outcome = self.wait_in_line(turn.ticket, call);
        call.cancel.detach();
        outcome.map(|()| turn)
    }

    fn wait_in_line(&self, ticket: u64, call: &Call) -> Result<(), Stop> {
        loop {
            // The caller's check runs in here, so no lock is held.
            let patience = call.may_block(call.deadline)?;
            let line = lock(&self.state.line);
            if line.tickets.front() == Some(&ticket) {
                return Ok(());
            }
            if !call.cancel.is_cancelled() {
                let _line = self
                    .state
                    .moved
                    .wait_timeout(line, patience)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn is_first(&self, ticket: u64) -> bool {
        lock(&self.state.line).tickets.front() == Some(&ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallOptions;
    use crate::cancel::CancelToken;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    fn call(timeout: Duration) -> Arc<Call> {
        Call::begin(&CallOptions::default(), timeout).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn turns_come_in_the_order_of_the_calls() {
        let queue = Arc::new(TurnQueue::default());
        let (told, order) = mpsc::channel();
        let first = queue.wait(&call(LONG)).unwrap();
        let mut threads = Vec::new();
        for number in 0..8 {
            let (queue_of_thread, told) = (Arc::clone(&queue), told.clone());
            threads.push(thread::spawn(move || {
                let _turn = queue_of_thread.wait(&call(LONG)).unwrap();
                told.send(number).unwrap();
            }));
            while lock(&queue.state.line).tickets.len() < number + 2 {
                thread::yield_now();
            }
        }
        drop(first);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(
            order.try_iter().collect::<Vec<_>>(),
            (0..8).collect::<Vec<_>>()
        );
    }

    #[test]
    fn who_waits_too_long_gives_up_and_leaves_the_line() {
        let queue = TurnQueue::default();
        let first = queue.wait(&call(LONG)).unwrap();
        let outcome = queue.wait(&call(Duration::from_millis(5)));
        assert_eq!(outcome.map(drop), Err(Stop::DeadlinePassed));
        drop(first);
        assert!(queue.wait(&call(LONG)).is_ok());
    }

    #[test]
    fn who_waits_can_be_cancelled() {
        let queue = Arc::new(TurnQueue::default());
        let _first = queue.wait(&call(LONG)).unwrap();
        let token = CancelToken::new();
        let waiting = {
            let options = CallOptions {
                cancel: Some(token.clone()),
                ..CallOptions::default()
            };
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.wait(&Call::begin(&options, LONG).unwrap()).map(drop))
        };
        while lock(&queue.state.line).tickets.len() < 2 {
            thread::yield_now();
        }
        token.cancel();
        assert_eq!(waiting.join().unwrap(), Err(Stop::Cancelled));
    }
}
