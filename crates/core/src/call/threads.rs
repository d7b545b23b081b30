//! The threads of started calls. One whose call is done takes the next one while others are under way; when nothing runs,
//! nothing remains.

use crate::foundation::own_thread;
use crate::foundation::sync::{Condvar, Mutex, PoisonError, lock};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Room for a call, a first TLS handshake with the system's whole trust store included, and for the caller's listeners.
/// Address space only: what it costs is what it touches.
const STACK_BYTES: usize = 1024 * 1024;

/// How long a thread rests at most where others work on: long enough for who starts a call whenever one is done.
const LONGEST_REST: Duration = Duration::from_millis(500);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Clone, Default)]
pub(crate) struct CallThreads(Arc<Mutex<Crew>>);

#[derive(Default)]
struct Crew {
    working: usize,
    /// The one that has rested longest in front.
    resting: Vec<Arc<Seat>>,
}

/// Where one thread rests until it is told what to do.
#[derive(Default)]
struct Seat {
    order: Mutex<Option<Order>>,
    told: Condvar,
}

enum Order {
    Work(Work),
    Leave,
}

impl CallThreads {
    /// Has a thread do it, which no panic may leave.
    pub(crate) fn run(&self, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let resting = {
            let mut crew = lock(&self.0);
            crew.working += 1;
            crew.resting.pop()
        };
        if let Some(seat) = resting {
            seat.tell(Order::Work(Box::new(work)));
            return Ok(());
        }
        let crew = self.clone();
        let started = own_thread::start("polyai-turn", STACK_BYTES, move || {
            crew.work_and_rest(Box::new(work));
        });
        if started.is_err() {
            self.one_call_less(None);
        }
        started
    }

    fn work_and_rest(&self, first: Work) {
        let mut work = first;
        loop {
            work();
            let seat = Arc::new(Seat::default());
            if !self.one_call_less(Some(&seat)) {
                return;
            }
            match self.next_order(&seat) {
                Order::Work(next) => work = next,
                Order::Leave => return,
            }
        }
    }

    /// Takes the seat, and tells whether there is a reason to rest: without calls that are under way, all leave.
    fn one_call_less(&self, seat: Option<&Arc<Seat>>) -> bool {
        let mut crew = lock(&self.0);
        crew.working -= 1;
        if crew.working > 0 {
            crew.resting.extend(seat.cloned());
            return true;
        }
        let leaving = std::mem::take(&mut crew.resting);
        drop(crew);
        for seat in leaving {
            seat.tell(Order::Leave);
        }
        false
    }

    fn next_order(&self, seat: &Arc<Seat>) -> Order {
        loop {
            if let Some(order) = seat.wait() {
                return order;
            }
            let mut crew = lock(&self.0);
            let place = crew
                .resting
                .iter()
                .position(|other| Arc::ptr_eq(other, seat));
            // Who is not in the list any more has been chosen, and is told in a moment.
            if let Some(place) = place {
                crew.resting.remove(place);
                return Order::Leave;
            }
        }
    }
}

impl Seat {
    fn tell(&self, order: Order) {
        *lock(&self.order) = Some(order);
        self.told.notify_one();
    }

    /// `None` after the longest rest.
    fn wait(&self) -> Option<Order> {
        let (mut order, _) = self
            .told
            .wait_timeout_while(lock(&self.order), LONGEST_REST, |order| order.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        order.take()
    }
}
