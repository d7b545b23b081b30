//! How an event loop hears of its calls: by one descriptor for all of them.

use crate::turn::Turn;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The calls of one event loop that are done, by numbers that the loop gave them. The descriptor is readable while there
/// are any.
///
/// The threads of calls leave a number here and need no interpreter for it: it works whatever runs the loop, and at the end of
/// the interpreter.
#[pyclass(frozen, module = "polyai_chat._native")]
pub(crate) struct DoneCalls(Arc<Shared>);

/// Kept by the calls too: whoever writes finds the other end there.
struct Shared {
    numbers: Mutex<Vec<u64>>,
    wake: UnixStream,
    readable: UnixStream,
}

impl Shared {
    fn numbers(&self) -> MutexGuard<'_, Vec<u64>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, number: u64) {
        let mut numbers = self.numbers();
        numbers.push(number);
        // One byte for all that come before the loop looks: there is always room for it.
        if numbers.len() == 1 {
            let _ = (&self.wake).write_all(&[1]);
        }
    }
}

#[pymethods]
impl DoneCalls {
    #[new]
    fn new() -> PyResult<Self> {
        let (readable, wake) = UnixStream::pair().map_err(no_descriptor)?;
        for end in [&readable, &wake] {
            end.set_nonblocking(true).map_err(no_descriptor)?;
        }
        Ok(Self(Arc::new(Shared {
            numbers: Mutex::default(),
            wake,
            readable,
        })))
    }

    /// Wait for it to become readable; do not read it.
    fn fileno(&self) -> i32 {
        self.0.readable.as_raw_fd()
    }

    /// Has the number appear here when the call is done.
    fn expect(&self, turn: &Turn, number: u64) {
        let shared = Arc::clone(&self.0);
        turn.when_done(move || shared.add(number));
    }

    /// The numbers of the calls that have been done since this was asked last.
    fn take(&self) -> Vec<u64> {
        let mut numbers = self.0.numbers();
        let _ = (&self.0.readable).read(&mut [0]);
        std::mem::take(&mut *numbers)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn no_descriptor(error: io::Error) -> PyErr {
    PyOSError::new_err(error.to_string())
}
