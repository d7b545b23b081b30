//! The threads of started calls. One whose call is done takes the next one. When nothing runs, the last one remains for 5 ms.

use crate::foundation::monitor::Monitor;
use crate::foundation::own_thread::OwnThreads;
use crate::foundation::sync::{Mutex, lock};
use crate::foundation::sys::stack;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Room for a call, a first TLS handshake with the system's whole trust store included, and for the caller's listeners.
/// Address space only: what it costs is what it touches.
const STACK_BYTES: usize = 1024 * 1024;

/// How long a thread rests at most where others work on: long enough for a caller that starts a call whenever one is done.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// How long the last one rests where nothing runs: long enough for a program that starts its next call at once.
const LAST_REST: Duration = Duration::from_millis(5);

/// Where so many calls are under way, what each holds while it waits is most of the memory that they take.
const MANY: usize = 64;

pub(crate) type Work = Box<dyn FnOnce() + Send>;

#[derive(Clone, Default)]
pub(crate) struct CallThreads {
    work: Arc<Mutex<Threads>>,
    all: OwnThreads,
}

#[derive(Default)]
struct Threads {
    working: usize,
    /// Whether none rests any more.
    are_dismissed: bool,
    /// The one that has rested longest in front.
    resting: Vec<Arc<RestingThread>>,
}

/// Where one thread rests until it gets an order.
type RestingThread = Monitor<Option<Order>>;

enum Order {
    Work(Work),
    Leave,
}

impl CallThreads {
    /// Runs the work, which must not panic, on a resting thread or a new one.
    pub(crate) fn run(&self, work: Work) -> io::Result<()> {
        let resting = {
            let mut threads = lock(&self.work);
            threads.working += 1;
            threads.resting.pop()
        };
        if let Some(thread) = resting {
            give_order(&thread, Order::Work(work));
            return Ok(());
        }
        let threads = self.clone();
        let started = self.all.start("polyai-turn", STACK_BYTES, move || {
            threads.work_and_rest(work);
        });
        if started.is_err() {
            self.one_call_less(None);
        }
        started
    }

    pub(crate) fn are_many(&self) -> bool {
        lock(&self.work).working >= MANY
    }

    /// Ends the resting threads at once, and lets none rest from now on.
    pub(crate) fn dismiss(&self) {
        let leaving = {
            let mut threads = lock(&self.work);
            threads.are_dismissed = true;
            std::mem::take(&mut threads.resting)
        };
        dismiss(leaving);
    }

    /// Waits until no thread is left, and returns whether none is. `left` says how long at most.
    pub(crate) fn wait_until_none(&self, left: impl Fn() -> Option<Duration>) -> bool {
        self.all.wait_until_none(left)
    }

    fn work_and_rest(&self, first: Work) {
        let mut work = first;
        loop {
            work();
            let this = Arc::new(RestingThread::default());
            let Some(rest) = self.one_call_less(Some(&this)) else {
                return;
            };
            if self.are_many() {
                stack::give_back();
            }
            match self.next_order(&this, rest) {
                Order::Work(next) => work = next,
                Order::Leave => return,
            }
        }
    }

    /// Lets the thread rest; returns how long at most. Where no call is under way, the other resting threads leave.
    fn one_call_less(&self, thread: Option<&Arc<RestingThread>>) -> Option<Duration> {
        let mut threads = lock(&self.work);
        threads.working -= 1;
        if threads.are_dismissed {
            return None;
        }
        if threads.working > 0 {
            threads.resting.extend(thread.cloned());
            return Some(LONGEST_REST);
        }
        let leaving = std::mem::take(&mut threads.resting);
        threads.resting.extend(thread.cloned());
        drop(threads);
        dismiss(leaving);
        Some(LAST_REST)
    }

    fn next_order(&self, this: &Arc<RestingThread>, rest: Duration) -> Order {
        loop {
            if let Some(order) = this.take_within(rest) {
                return order;
            }
            let mut threads = lock(&self.work);
            let place = threads
                .resting
                .iter()
                .position(|other| Arc::ptr_eq(other, this));
            // A thread that is not in the list any more has been chosen, and gets its order in a moment.
            if let Some(place) = place {
                threads.resting.remove(place);
                return Order::Leave;
            }
        }
    }
}

fn dismiss(resting: Vec<Arc<RestingThread>>) {
    for thread in resting {
        give_order(&thread, Order::Leave);
    }
}

fn give_order(thread: &RestingThread, order: Order) {
    thread.change(|place| *place = Some(order));
}
