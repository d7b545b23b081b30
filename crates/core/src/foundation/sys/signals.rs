//! The signals of a thread that is started, where there are any.

#[cfg(unix)]
pub(crate) use unix::blocked_meanwhile;
#[cfg(windows)]
pub(crate) use windows::blocked_meanwhile;

#[cfg(unix)]
#[allow(unsafe_code)]
mod unix {
    use std::mem::MaybeUninit;
    use std::{iter, ptr};

    /// A fault is delivered to the thread that made it, and crash handlers want to see it.
    const FAULTS: [libc::c_int; 6] = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGABRT,
    ];

    /// Managed runtimes stop threads with these (Mono with SIGXCPU and SIGPWR, Go with SIGURG, .NET with a real-time one), profilers
    /// sample with SIGPROF, and wait for each thread that has entered them: they stay as the starting thread has them.
    fn of_runtimes() -> impl Iterator<Item = libc::c_int> {
        let everywhere = [libc::SIGXCPU, libc::SIGURG, libc::SIGPROF];
        #[cfg(target_os = "linux")]
        let more = iter::once(libc::SIGPWR).chain(libc::SIGRTMIN()..=libc::SIGRTMAX());
        #[cfg(not(target_os = "linux"))]
        let more = iter::empty();
        everywhere.into_iter().chain(more)
    }

    /// Runs `work` with the signals of the calling thread blocked. One that arrives meanwhile is delivered afterwards.
    pub(crate) fn blocked_meanwhile<T>(work: impl FnOnce() -> T) -> T {
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
                for signal in of_runtimes() {
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

#[cfg(windows)]
mod windows {
    /// No signal arrives on a thread of ours.
    pub(crate) fn blocked_meanwhile<T>(work: impl FnOnce() -> T) -> T {
        work()
    }
}
