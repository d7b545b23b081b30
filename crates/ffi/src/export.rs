//! What all exported functions have in common: no panic leaves them and no `pthread_cancel` enters them, arguments know
//! their names, and a fallible one reports through a status and an error object.

use crate::arguments::ErrorOut;
use crate::cancellation::NotCancelled;
use crate::constants::{POLYAI_STATUS_OK, polyai_status};
use polyai_chat_core::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(not(test))]
use std::sync::atomic::{AtomicBool, Ordering};

/// Exports functions to C. Their documentation goes into the header; its last paragraph says whether the function blocks,
/// which thread may call it, and since when it is there.
///
/// A `fallible` function has one more parameter in C, `polyai_error **error`, and returns `polyai_status`. A `plain` one
/// returns what it says, or zero (NULL, false) where an argument is wrong.
macro_rules! export {
    ($($(#[doc = $documentation:literal])+ $style:ident fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)+) => {
        $(export_one! { $style [$(#[doc = $documentation])+] $name [$($argument: $type),*] [$($result)?] $body })+
    };
}

macro_rules! export_one {
    (fallible [$($documentation:tt)*] $name:ident [$($argument:ident: $type:ty),*] [] $body:block) => {
        $($documentation)*
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($argument: $type,)* error: $crate::arguments::ErrorOut) -> $crate::constants::polyai_status {
            $crate::export::report(stringify!($name), error, move || {
                $(let $argument = $crate::arguments::Named::new($argument, stringify!($argument));)*
                $body
            })
        }
    };
    (plain [$($documentation:tt)*] $name:ident [$($argument:ident: $type:ty),*] [$($result:ty)?] $body:block) => {
        $($documentation)*
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($($argument: $type),*) $(-> $result)? {
            $crate::export::contain(stringify!($name), move || {
                $(let $argument = $crate::arguments::Named::new($argument, stringify!($argument));)*
                $body
            })
            .unwrap_or_default()
        }
    };
}

/// Runs the body of a fallible function.
pub(crate) fn report(
    function: &str,
    error: ErrorOut,
    body: impl FnOnce() -> Result<(), Error>,
) -> polyai_status {
    match contain(function, body) {
        Ok(()) => {
            error.clear();
            POLYAI_STATUS_OK
        }
        Err(failure) => {
            let status = failure.kind().number();
            error.give(failure);
            status
        }
    }
}

/// Runs the body of a function, and makes an error of a panic in it.
pub(crate) fn contain<T>(
    function: &str,
    body: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    print_no_panics();
    let _not_cancelled = NotCancelled::from_here_on();
    catch_unwind(AssertUnwindSafe(|| {
        trigger::fire(function);
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
    pub(super) fn fire(_function: &str) {}
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

    #[allow(clippy::panic, reason = "this is what it is for")]
    pub(super) fn fire(function: &str) {
        if ARMED.load(Ordering::SeqCst) {
            panic!("triggered in {function}");
        }
    }
}
