//! One turn at a time in a conversation, in the order in which they were asked for.

use super::call::{Call, Stop};
use crate::foundation::fork::{PerProcess, Process};
use crate::foundation::monitor::Monitor;
use std::collections::VecDeque;
use std::sync::Arc;

pub(crate) struct TurnQueue {
    line: PerProcess<Arc<Monitor<Line>>>,
}

impl Default for TurnQueue {
    fn default() -> Self {
        Self {
            line: PerProcess::new(Arc::default()),
        }
    }
}

#[derive(Default)]
struct Line {
    next_ticket: u64,
    /// The waiting calls; the one whose turn it is comes first.
    tickets: VecDeque<u64>,
}

/// A place in the line, kept until this is dropped.
pub(crate) struct Place {
    process: Process,
    line: Arc<Monitor<Line>>,
    ticket: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        // In a forked child the line is the parent's.
        if !self.process.is_current() {
            return;
        }
        let others_wait = {
            let mut line = self.line.lock();
            line.tickets.retain(|ticket| *ticket != self.ticket);
            !line.tickets.is_empty()
        };
        // To wake nobody costs a system call too.
        if others_wait {
            self.line.wake();
        }
    }
}

impl TurnQueue {
    /// Takes the place behind all earlier calls. Does not wait.
    pub(crate) fn join(&self) -> Place {
        let shared = self.line.get(Arc::default);
        let mut line = shared.lock();
        let ticket = line.next_ticket;
        line.next_ticket += 1;
        line.tickets.push_back(ticket);
        Place {
            process: Process::current(),
            line: Arc::clone(shared),
            ticket,
        }
    }
}

impl Place {
    /// Waits until all earlier calls have ended, but not beyond the deadline of this one.
    pub(crate) fn wait(&self, call: &Call) -> Result<(), Stop> {
        if self.is_first(&self.line.lock()) {
            return call.stopped().map_or(Ok(()), Err);
        }
        call.wait_for(&self.line, call.deadline, |line| {
            self.is_first(line).then_some(())
        })
    }

    fn is_first(&self, line: &Line) -> bool {
        line.tickets.front() == Some(&self.ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallOptions, CancelToken};
    use crate::foundation::clock::Clock;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    fn call(timeout: Duration) -> Call {
        let token = CancelToken::new();
        Call::begin(&CallOptions::default(), timeout, &token, &Clock::default()).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    fn waiting(queue: &TurnQueue) -> usize {
        queue.line.get(Arc::default).lock().tickets.len()
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
    fn a_call_that_waits_too_long_gives_up_and_leaves_the_line() {
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
    fn a_waiting_call_can_be_cancelled() {
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
