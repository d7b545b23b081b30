//! The threads of started calls. One whose call is done takes the next one while others are under way; when nothing runs,
//! nothing remains.

use crate::foundation::monitor::Monitor;
use crate::foundation::own_thread::OwnThreads;
use crate::foundation::sync::{Mutex, lock};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Room for a call, a first TLS handshake with the system's whole trust store included, and for the caller's listeners.
/// Address space only: what it costs is what it touches.
const STACK_BYTES: usize = 1024 * 1024;

/// How long a thread rests at most where others work on: long enough for who starts a call whenever one is done.
const LONGEST_REST: Duration = Duration::from_millis(500);

pub(crate) type Work = Box<dyn FnOnce() + Send>;

#[derive(Clone, Default)]
pub(crate) struct CallThreads {
    work: Arc<Mutex<Threads>>,
    all: OwnThreads,
}

#[derive(Default)]
struct Threads {
    working: usize,
    /// The one that has rested longest in front.
    resting: Vec<Arc<RestingThread>>,
}

/// Where one thread rests until it is told what to do.
type RestingThread = Monitor<Option<Order>>;

enum Order {
    Work(Work),
    Leave,
}

impl CallThreads {
    /// Has a thread do it, which no panic may leave.
    pub(crate) fn run(&self, work: Work) -> io::Result<()> {
        let resting = {
            let mut threads = lock(&self.work);
            threads.working += 1;
            threads.resting.pop()
        };
        if let Some(thread) = resting {
            tell(&thread, Order::Work(work));
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

    /// Waits until no thread is left, and tells whether none is. `left` says how long at most.
    pub(crate) fn wait_until_none(&self, left: impl Fn() -> Option<Duration>) -> bool {
        self.all.wait_until_none(left)
    }

    fn work_and_rest(&self, first: Work) {
        let mut work = first;
        loop {
            work();
            let this = Arc::new(RestingThread::default());
            if !self.one_call_less(Some(&this)) {
                return;
            }
            match self.next_order(&this) {
                Order::Work(next) => work = next,
                Order::Leave => return,
            }
        }
    }

    /// Has the thread rest, and tells whether there is a reason to rest: without calls that are under way, all leave.
    fn one_call_less(&self, thread: Option<&Arc<RestingThread>>) -> bool {
        let mut threads = lock(&self.work);
        threads.working -= 1;
        if threads.working > 0 {
            threads.resting.extend(thread.cloned());
            return true;
        }
        let leaving = std::mem::take(&mut threads.resting);
        drop(threads);
        for thread in leaving {
            tell(&thread, Order::Leave);
        }
        false
    }

    fn next_order(&self, this: &Arc<RestingThread>) -> Order {
        loop {
            if let Some(order) = this.take_within(LONGEST_REST) {
                return order;
            }
            let mut threads = lock(&self.work);
            let place = threads
                .resting
                .iter()
                .position(|other| Arc::ptr_eq(other, this));
            // Who is not in the list any more has been chosen, and is told in a moment.
            if let Some(place) = place {
                threads.resting.remove(place);
                return Order::Leave;
            }
        }
    }
}

fn tell(thread: &RestingThread, order: Order) {
    thread.change(|place| *place = Some(order));
}
