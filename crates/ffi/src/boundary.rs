//! What every exported function does first and last: no panic leaves it, no `pthread_cancel` enters it, and a failure becomes a
//! status and an error object.

use crate::constants::{POLYAI_STATUS_OK, polyai_status};
use crate::error::polyai_error;
use crate::handle;
use crate::sys::cancellation::NotCancelled;
use polyai_chat_core::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
#[cfg(not(test))]
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs the body of a function that can fail.
///
/// # Safety
/// `error` is NULL, or a handle can be written there.
pub(crate) unsafe fn fallible(
    error: *mut *mut polyai_error,
    body: impl FnOnce() -> Result<(), Error>,
) -> polyai_status {
    let (status, object) = match contain(body) {
        Ok(()) => (POLYAI_STATUS_OK, ptr::null_mut()),
        Err(failure) if error.is_null() => return failure.kind().number(),
        Err(failure) => {
            let status = failure.kind().number();
            // Without room for an error object the status has to do.
            let object = handle::insert(polyai_error::new(failure));
            (status, object.unwrap_or(ptr::null_mut()))
        }
    };
    if !error.is_null() {
        // SAFETY: as the caller says.
        unsafe { error.write(object) };
    }
    status
}

/// Runs the body of a function that cannot fail: it gives NULL, 0 or false where an argument is wrong.
pub(crate) fn plain<T: Nothing>(body: impl FnOnce() -> Result<T, Error>) -> T {
    contain(body).unwrap_or_else(|_| T::nothing())
}

/// What a function gives when it has nothing to give.
pub(crate) trait Nothing {
    fn nothing() -> Self;
}

macro_rules! nothing {
    ($($type:ty),*) => {
        $(impl Nothing for $type {
            fn nothing() -> Self {
                Self::default()
            }
        })*
    };
}
nothing!((), bool, u32, u64, usize);

impl<T> Nothing for *const T {
    fn nothing() -> Self {
        ptr::null()
    }
}

impl<T> Nothing for *mut T {
    fn nothing() -> Self {
        ptr::null_mut()
    }
}

fn contain<T, B: FnOnce() -> Result<T, Error>>(body: B) -> Result<T, Error> {
    print_no_panics();
    let _not_cancelled = NotCancelled::from_here_on();
    catch_unwind(AssertUnwindSafe(|| {
        trigger::fire::<B>();
        body()
    }))
    .unwrap_or_else(|panic| Err(Error::from_panic(panic.as_ref())))
}

/// The standard library prints every panic, also one that is caught. It is linked into what is shipped and nowhere visible
/// outside, so this hook is ours alone.
fn print_no_panics() {
    #[cfg(not(test))]
    {
        static DONE: AtomicBool = AtomicBool::new(false);
        if !DONE.load(Ordering::Relaxed) && !DONE.swap(true, Ordering::Relaxed) {
            std::panic::set_hook(Box::new(|_| {}));
        }
    }
}

#[cfg(not(feature = "panic-trigger"))]
mod trigger {
    pub(super) fn fire<B>() {}
}

/// Exists only in the build that tests the containment of panics.
#[cfg(feature = "panic-trigger")]
mod trigger {
    use std::sync::atomic::{AtomicBool, Ordering};

    static ARMED: AtomicBool = AtomicBool::new(false);

    /// From now on every function panics, or none does any more.
    #[unsafe(no_mangle)]
    pub extern "C" fn polyai_test_panics(armed: u32) {
        ARMED.store(armed != 0, Ordering::SeqCst);
    }

    /// The type of a body names its function.
    #[allow(clippy::panic, reason = "this is what it is for")]
    pub(super) fn fire<B>() {
        if ARMED.load(Ordering::SeqCst) {
            panic!("triggered in {}", std::any::type_name::<B>());
        }
    }
}
