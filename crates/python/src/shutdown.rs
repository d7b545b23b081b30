//! The end of the interpreter. Calls that are under way then are left alone: a thread that comes back from one finds no
//! interpreter to go on with, and sleeps until the process is gone. Only listeners are waited for.

use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

static IS_OVER: AtomicBool = AtomicBool::new(false);

/// The process in the upper half, and how many of its threads listen in the lower one: what a fork copies of it does not
/// count in the child, where those threads do not exist.
static LISTENING: AtomicU64 = AtomicU64::new(0);

/// How long the end of the interpreter waits for listeners.
const PATIENCE: Duration = Duration::from_secs(1);

/// A thread that tells a listener something.
pub(crate) struct Listening {
    process: u32,
}

impl Listening {
    /// None when the end has come: Python may no longer be called from a thread that is not one of its own.
    pub(crate) fn begin() -> Option<Self> {
        let process = std::process::id();
        let _ = LISTENING.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |value| {
            Some(joined(process, listening_in(process, value) + 1))
        });
        let begun = Self { process };
        // Asked after it is counted: either the end sees this one, or this one sees the end.
        (!IS_OVER.load(Ordering::SeqCst)).then_some(begun)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ =
            LISTENING.fetch_update(
                Ordering::SeqCst,
                Ordering::SeqCst,
                |value| match listening_in(self.process, value) {
                    0 => None,
                    count => Some(joined(self.process, count - 1)),
                },
            );
    }
}

fn joined(process: u32, count: u32) -> u64 {
    u64::from(process) << 32 | u64::from(count)
}

fn listening_in(process: u32, value: u64) -> u32 {
    match value >> 32 == u64::from(process) {
        true => u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0),
        false => 0,
    }
}

/// Has nobody listen any more, and waits a moment for who does. Registered with `atexit` by the package.
#[pyfunction]
pub(crate) fn shut_down_at_exit(py: Python<'_>) {
    IS_OVER.store(true, Ordering::SeqCst);
    py.detach(|| {
        let until = Instant::now() + PATIENCE;
        let process = std::process::id();
        while listening_in(process, LISTENING.load(Ordering::SeqCst)) > 0 && Instant::now() < until
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}
