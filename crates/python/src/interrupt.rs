//! Ctrl-C, and whatever else a signal handler of Python's raises, ends a call.

use crate::calling;
use crate::error::to_python;
use polyai_chat_core::{Error, Turn};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a wait lasts at most before signals are looked for.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// For how long they are not looked for again. To look takes the interpreter lock, for which one may have to wait while
/// other threads run Python, and a call asks several times before it waits. After a signal within this time it waits once
/// more, and is ended by the next look.
const NOT_AGAIN_FOR: Duration = Duration::from_millis(10);

/// Looks for signals while a call waits. Python runs their handlers on its main thread, so others do not look.
#[derive(Clone)]
pub(crate) struct Interrupt(Option<Arc<Mutex<Watch>>>);

struct Watch {
    looked: Instant,
    /// What a signal handler raised.
    raised: Option<PyErr>,
}

impl Interrupt {
    /// For a call that begins now.
    pub(crate) fn of_this_thread(py: Python<'_>) -> PyResult<Self> {
        if !runs_signal_handlers(py)? {
            return Ok(Self(None));
        }
        py.check_signals()?;
        let watch = Watch {
            looked: Instant::now(),
            raised: None,
        };
        Ok(Self(Some(Arc::new(Mutex::new(watch)))))
    }

    /// To be asked by the waiting call; `true` cancels it.
    pub(crate) fn check(&self) -> Option<impl Fn() -> bool + Send + Sync + 'static> {
        let watch = Arc::clone(self.0.as_ref()?);
        Some(move || {
            {
                let watch = locked(&watch);
                if watch.raised.is_some() {
                    return true;
                }
                if watch.looked.elapsed() < NOT_AGAIN_FOR {
                    return false;
                }
            }
            let outcome = Python::try_attach(signals);
            let mut watch = locked(&watch);
            watch.looked = Instant::now();
            let Some(Err(error)) = outcome else {
                return false;
            };
            watch.raised = Some(error);
            true
        })
    }

    /// Keeps what a signal handler raised while a listener of the call ran Python, and returns whether it does: then the call ends,
    /// as if the signal had come a moment later.
    pub(crate) fn keep(&self, error: PyErr) -> Result<(), PyErr> {
        match &self.0 {
            Some(watch) => {
                locked(watch).raised.get_or_insert(error);
                Ok(())
            }
            None => Err(error),
        }
    }

    fn raised(&self) -> Option<PyErr> {
        locked(self.0.as_ref()?).raised.take()
    }
}

fn locked(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a call without the interpreter, and turns its outcome into Python's terms. An exception of a signal handler
/// wins over the `cancelled` that it led to, which stays its cause: it says whether the agent may have heard the turn.
pub(crate) fn call<T: Send>(
    py: Python<'_>,
    interrupt: &Interrupt,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    let outcome = py.detach(work);
    match interrupt.raised() {
        Some(raised) => Err(caused_by(py, raised, outcome.err())),
        None => outcome.map_err(|error| to_python(py, &error)),
    }
}

/// As [`call`], for one that was started and cannot look for signals itself.
pub(crate) fn finish<T: Send + 'static>(py: Python<'_>, started: Turn<T>) -> PyResult<T> {
    match wait(py, |at_most| started.wait(at_most), None) {
        Ok(_) => started.take().map_err(|error| to_python(py, &error)),
        Err(raised) => {
            started.cancel();
            let outcome = py.detach(|| started.take());
            Err(caused_by(py, raised, outcome.err()))
        }
    }
}

/// Waits for a started call, whose `wait` this gets, without the interpreter, in pieces where signals are to be looked for; returns whether it is done.
pub(crate) fn wait(
    py: Python<'_>,
    wait: impl Fn(Duration) -> bool + Sync,
    until: Option<Instant>,
) -> PyResult<bool> {
    let longest = match runs_signal_handlers(py)? {
        true => CHECK_EVERY,
        false => Duration::MAX,
    };
    loop {
        let left = until.map_or(Duration::MAX, |until| {
            until.saturating_duration_since(Instant::now())
        });
        if py.detach(|| wait(left.min(longest))) {
            return Ok(true);
        }
        py.check_signals()?;
        if left.is_zero() {
            return Ok(false);
        }
    }
}

fn caused_by(py: Python<'_>, raised: PyErr, cancelled: Option<Error>) -> PyErr {
    if let Some(error) = cancelled {
        raised.set_cause(py, Some(to_python(py, &error)));
    }
    raised
}

fn signals(py: Python<'_>) -> PyResult<()> {
    py.check_signals()
}

/// Whether this thread is Python's main one. A forked child's only thread is, whichever it was in the parent.
fn runs_signal_handlers(py: Python<'_>) -> PyResult<bool> {
    thread_local! {
        static KNOWN: Cell<Option<(u32, bool)>> = const { Cell::new(None) };
    }
    let process = std::process::id();
    if let Some((of_process, is_main)) = KNOWN.get()
        && of_process == process
    {
        return Ok(is_main);
    }
    let is_main = is_main_thread(py, process)?;
    KNOWN.set(Some((process, is_main)));
    Ok(is_main)
}

/// `threading.current_thread()` does not tell it: under gevent each green thread of the main thread is another one there. So
/// the first thread of the process counts as well as the one that `threading` calls the main one, which is another only
/// where a host has started Python on a thread of its own.
fn is_main_thread(py: Python<'_>, process: u32) -> PyResult<bool> {
    static FUNCTIONS: PyOnceLock<[Py<PyAny>; 3]> = PyOnceLock::new();
    let [native_id, id, main_thread] = FUNCTIONS.get_or_try_init(py, || {
        let threading = py.import("threading")?;
        let function = |name| threading.getattr(name).map(Bound::unbind);
        Ok::<_, PyErr>([
            function("get_native_id")?,
            function("get_ident")?,
            function("main_thread")?,
        ])
    })?;
    if calling::call(native_id.bind(py), ())?.eq(process)? {
        return Ok(true);
    }
    let main_thread = calling::call(main_thread.bind(py), ())?;
    calling::call(id.bind(py), ())?.eq(main_thread.getattr("ident")?)
}
