//! How late this machine is: what a test whose subject is time measures beside it. Test programs include this file by its path.
#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "it is for tests, each of which takes what it needs"
)]

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(5);
/// How often something that is timed may have to wait for a processor.
const STEPS: u32 = 20;

/// A thread that only naps, and notes how much later than asked it woke. It ends when this is dropped.
pub struct Lateness {
    began: Instant,
    notes: Arc<Mutex<Notes>>,
    sleeper: Option<thread::JoinHandle<()>>,
}

struct Notes {
    /// When it woke late, and by how much.
    late: Vec<(Instant, Duration)>,
    /// When its present nap should be over.
    due: Instant,
    ends: bool,
}

impl Lateness {
    /// Begins to measure.
    pub fn measure() -> Self {
        let notes = Arc::new(Mutex::new(Notes {
            late: Vec::new(),
            due: Instant::now() + NAP,
            ends: false,
        }));
        let of_the_sleeper = Arc::clone(&notes);
        let sleeper = thread::spawn(move || {
            loop {
                thread::sleep(NAP);
                let mut notes = of_the_sleeper.lock().unwrap();
                let now = Instant::now();
                let late = now.saturating_duration_since(notes.due);
                if late >= Duration::from_millis(1) {
                    notes.late.push((now, late));
                }
                notes.due = now + NAP;
                if notes.ends {
                    break;
                }
            }
        });
        Self {
            began: Instant::now(),
            notes,
            sleeper: Some(sleeper),
        }
    }

    /// The latest that it woke since then, the nap included that it has not woken from yet.
    pub fn worst_since(&self, began: Instant) -> Duration {
        let notes = self.notes.lock().unwrap();
        let overdue = Instant::now().saturating_duration_since(notes.due);
        let since = notes.late.iter().rev().take_while(|(at, _)| *at >= began);
        since
            .map(|(_, late)| *late)
            .max()
            .max(Some(overdue))
            .unwrap()
    }

    /// How long ago it began, which must be less than `bound` and what a machine that is so late adds.
    #[track_caller]
    pub fn assert_within(&self, bound: Duration) -> Duration {
        let took = self.began.elapsed();
        let late = self.worst_since(self.began);
        assert!(
            took < bound + STEPS * late,
            "took {took:?}, more than {bound:?}, and the machine was only {late:?} late"
        );
        took
    }
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.notes.lock().unwrap().ends = true;
        let _ = self.sleeper.take().map(thread::JoinHandle::join);
    }
}
