//! Threads of our own, which never run the host's signal handlers.
//!
//! A host that handles signals on a thread of its choice blocks them on all others. A thread inherits the mask of whoever starts it,
//! so one that we start could take them away from it.

use super::monitor::Monitor;
use super::sync::thread;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Threads that are left to themselves: each ends with its work. Whoever wants to know when the last one is gone can wait for
/// it.
#[derive(Clone, Default)]
pub(crate) struct OwnThreads(Arc<Monitor<Threads>>);

#[derive(Default)]
struct Threads {
    running: usize,
    /// The one whose work ended last. It waits for the one before it, so none is left when it is gone.
    last: Option<Handle>,
}

type Handle = thread::JoinHandle<()>;

/// How long a new thread may have to wait for whoever started it to hand over its handle.
const HANDING_OVER: Duration = Duration::from_secs(86_400);

impl OwnThreads {
    /// Starts a thread with some work, which no panic may leave.
    pub(crate) fn start(
        &self,
        name: &str,
        stack_bytes: usize,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        room::for_a_thread(stack_bytes)?;
        let builder = thread::Builder::new()
            .name(name.to_owned())
            .stack_size(stack_bytes);
        let own_handle = Arc::new(Monitor::<Option<Handle>>::default());
        let (threads, handed_over) = (self.clone(), Arc::clone(&own_handle));
        self.0.lock().running += 1;
        let started = signals::blocked_meanwhile(|| {
            builder.spawn(move || {
                work();
                threads.end(handed_over.take_within(HANDING_OVER));
            })
        });
        match started {
            Ok(handle) => own_handle.change(|place| *place = Some(handle)),
            Err(error) => {
                self.0.change(|threads| threads.running -= 1);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The last thing that a thread does.
    fn end(&self, this: Option<Handle>) {
        let before = self.0.change(|threads| {
            threads.running -= 1;
            std::mem::replace(&mut threads.last, this)
        });
        if let Some(before) = before {
            let _ = before.join();
        }
    }

    /// Waits until none is left, and tells whether none is. `left` says how long at most.
    pub(crate) fn wait_until_none(&self, left: impl Fn() -> Option<Duration>) -> bool {
        let is_none_left = |threads: &mut Threads| {
            if threads.running > 0 {
                return None;
            }
            // It needs this lock no more, and is gone in a moment.
            if let Some(last) = threads.last.take() {
                let _ = last.join();
            }
            Some(())
        };
        self.0.wait_for(left, is_none_left).is_some()
    }
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

    /// Managed runtimes stop threads with these (Mono with the first two, Go with the third, .NET with a real-time one), profilers
    /// sample with the last, and wait for each thread that has entered them: they stay as the starting thread has them.
    const OF_RUNTIMES: [libc::c_int; 4] =
        [libc::SIGPWR, libc::SIGXCPU, libc::SIGURG, libc::SIGPROF];

    /// Runs `work` with the signals of the calling thread blocked. One that arrives meanwhile is delivered afterwards.
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
            let failed = libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), before.as_mut_ptr());
            if failed == 0 {
                let real_time = libc::SIGRTMIN()..=libc::SIGRTMAX();
                for signal in OF_RUNTIMES.into_iter().chain(real_time) {
                    if libc::sigismember(before.as_ptr(), signal) == 0 {
                        libc::sigdelset(all.as_mut_ptr(), signal);
                    }
                }
                libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), ptr::null_mut());
            }
            let result = work();
            if failed == 0 {
                libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
            }
            result
        }
    }
}
