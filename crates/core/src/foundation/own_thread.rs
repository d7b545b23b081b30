//! Threads of our own, which never run the host's signal handlers.
//!
//! A host that handles signals on a thread of its choice blocks them on all others. A thread inherits the mask of whoever starts it,
//! so one that we start could take them away from it.

use super::sync::thread;
use std::io;

/// Starts a thread that is left to itself: it ends with its work.
pub(crate) fn start(
    name: &str,
    stack_bytes: usize,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let builder = thread::Builder::new()
        .name(name.to_owned())
        .stack_size(stack_bytes);
    room::for_a_thread(stack_bytes)?;
    signals::blocked_meanwhile(|| builder.spawn(work).map(drop))
}

#[allow(unsafe_code)]
mod room {
    use std::{io, ptr};

    /// What a thread and everybody else allocate meanwhile. Rust ends a process that asks for memory in vain, so a call is refused
    /// before it comes to that.
    const BESIDE_STACK_BYTES: usize = 16 * 1024 * 1024;

    /// Whether there is address space for one more thread.
    pub(super) fn for_a_thread(stack_bytes: usize) -> io::Result<()> {
        let bytes = stack_bytes.saturating_add(BESIDE_STACK_BYTES);
        // SAFETY: new address space, of which nothing is used, is given back at once.
        unsafe {
            let place = libc::mmap(
                ptr::null_mut(),
                bytes,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            );
            if place == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            libc::munmap(place, bytes);
        }
        Ok(())
    }
}

#[allow(unsafe_code)]
mod signals {
    use std::mem::MaybeUninit;
    use std::ptr;

    /// A fault is delivered to the thread that made it, and crash handlers want to see it.
    const FAULTS: [libc::c_int; 6] = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGABRT,
    ];

    /// Runs `work` with all signals of the calling thread blocked. One that arrives meanwhile is delivered afterwards.
    pub(super) fn blocked_meanwhile<T>(work: impl FnOnce() -> T) -> T {
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: both sets are filled in by the first call that gets them, and the mask of this thread is set to what it
        // was before anything else can happen on it.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for fault in FAULTS {
                libc::sigdelset(all.as_mut_ptr(), fault);
            }
            let failed =
                libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            let result = work();
            if failed == 0 {
                libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
            }
            result
        }
    }
}
