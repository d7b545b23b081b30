//! The end of the interpreter. A thread that comes back from a call when the interpreter is gone would be ended inside our
//! frames; so calls are woken before.

use polyai_chat_core::CancelToken;
use pyo3::prelude::*;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// How long the end of the interpreter waits for threads to come back.
const PATIENCE: Duration = Duration::from_secs(1);

/// A call that runs without the interpreter and will want it back.
pub(crate) struct InFlight;

impl InFlight {
    pub(crate) fn begin() -> Self {
        IN_FLIGHT.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        IN_FLIGHT.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether Python may no longer be called from a thread that is not one of its own.
pub(crate) fn is_over() -> bool {
    IS_OVER.load(Ordering::SeqCst)
}

/// The token that every call has.
pub(crate) fn all_calls() -> &'static CancelToken {
    static ALL: OnceLock<CancelToken> = OnceLock::new();
    ALL.get_or_init(CancelToken::new)
}

/// Ends all calls, and waits a moment for their threads. Registered with `atexit` by the package.
#[pyfunction]
pub(crate) fn shut_down_at_exit(py: Python<'_>) {
    IS_OVER.store(true, Ordering::SeqCst);
    py.detach(|| {
        let until = Instant::now() + PATIENCE;
        while IN_FLIGHT.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            all_calls().cancel();
            std::thread::sleep(Duration::from_millis(5));
        }
    });
}
