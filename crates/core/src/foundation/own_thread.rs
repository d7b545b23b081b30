//! Threads of our own, which never run the host's signal handlers.
//!
//! A host that handles signals on a thread of its choice blocks them on all others. A thread inherits the mask of the thread that starts it,
//! so one that we start could take them away from it.

use super::monitor::Monitor;
use super::sync::thread;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Gives back what this thread, which must be one of ours, has used of its stack and uses no more. Not for a thread of the
/// host, whose stack may be small and have something else below it.
pub(crate) fn give_back_stack() {
    room::below_this_frame();
}

/// Threads that are left to themselves: each ends with its work. A caller can wait until the last one is gone.
#[derive(Clone, Default)]
pub(crate) struct OwnThreads(Arc<Monitor<Threads>>);

#[derive(Default)]
struct Threads {
    running: usize,
    /// The one whose work ended last. It waits for the one before it, so none is left when it is gone.
    last: Option<Handle>,
}

type Handle = thread::JoinHandle<()>;

/// How long a new thread may have to wait until the thread that started it hands over its handle.
const HANDING_OVER: Duration = Duration::from_secs(86_400);

impl OwnThreads {
    /// Starts a thread with some work, which no panic may leave.
    pub(crate) fn start(
        &self,
        name: &str,
        stack_bytes: usize,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let builder = thread::Builder::new()
            .name(name.to_owned())
            .stack_size(stack_bytes);
        let own_handle = Arc::new(Monitor::<Option<Handle>>::default());
        let (threads, handed_over) = (self.clone(), Arc::clone(&own_handle));
        let running = {
            let mut threads = self.0.lock();
            threads.running += 1;
            threads.running
        };
        let started = room::for_a_thread(stack_bytes, running).and_then(|()| {
            signals::blocked_meanwhile(|| {
                builder.spawn(move || {
                    work();
                    threads.end(handed_over.take_within(HANDING_OVER));
                })
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

    /// Waits until none is left, and returns whether none is. `left` says how long at most.
    pub(crate) fn wait_until_none(&self, left: impl Fn() -> Option<Duration>) -> bool {
        let is_none_left = |threads: &mut Threads| {
            if threads.running > 0 {
                return None;
            }
            // It needs this lock no more, and is gone in a moment: its thread-locals go first, one of which may leave a JVM.
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
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    use std::arch::asm;
    use std::io;

    /// Much less than the stack of a thread of ours, and more than its work uses of it.
    const USED_BYTES: usize = 128 * 1024;

    /// More than the call that gives it back needs.
    const STILL_NEEDED_BYTES: usize = 1024;

    /// What all threads of the process may ask for meanwhile: an arena of glibc's allocator reserves 64 MB, and 128 MB for a moment.
    const BESIDE_STACK_BYTES: usize = 160 * 1024 * 1024;

    /// What a call on a thread of ours allocates. A thread that got no arena maps whole pages for each piece of it.
    const CALL_BYTES: usize = 256 * 1024;

    pub(super) fn below_this_frame() {
        let Some(here) = stack_pointer() else {
            return;
        };
        let page = page_bytes();
        let end = (here - STILL_NEEDED_BYTES) / page * page;
        // SAFETY: these are whole pages of this thread's stack below all frames, and nothing there is read again.
        unsafe {
            libc::madvise(
                (end - USED_BYTES) as *mut libc::c_void,
                USED_BYTES,
                libc::MADV_DONTNEED,
            );
        }
    }

    /// Where the stack of this thread ends now, read from the register: the address of a local variable may be elsewhere, since
    /// AddressSanitizer keeps them on the heap.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn stack_pointer() -> Option<usize> {
        let here: usize;
        // SAFETY: copies a register.
        unsafe {
            asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags));
        }
        Some(here)
    }

    #[cfg(target_arch = "aarch64")]
    pub(super) fn stack_pointer() -> Option<usize> {
        let here: usize;
        // SAFETY: copies a register.
        unsafe {
            asm!("mov {}, sp", out(reg) here, options(nomem, nostack, preserves_flags));
        }
        Some(here)
    }

    /// On other processors the stack is not given back.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(super) fn stack_pointer() -> Option<usize> {
        None
    }

    /// Whether a process with a limit of its address space has enough left for one more thread beside those that run. Rust ends a
    /// process, and glibc does, where a thread asks for memory in vain, so a call is refused before it comes to that. Nothing is
    /// reserved to find out: other threads would miss it in that moment.
    pub(super) fn for_a_thread(stack_bytes: usize, running: usize) -> io::Result<()> {
        let Some(limit) = limit_bytes() else {
            return Ok(());
        };
        let needed = stack_bytes + BESIDE_STACK_BYTES + running * CALL_BYTES;
        match used_bytes() {
            Some(used) if used.saturating_add(needed) > limit => {
                Err(io::Error::from_raw_os_error(libc::ENOMEM))
            }
            _ => Ok(()),
        }
    }

    fn limit_bytes() -> Option<usize> {
        let mut limit = libc::rlimit {
            rlim_cur: libc::RLIM_INFINITY,
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: fills in what it is given.
        unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) };
        let is_limited = limit.rlim_cur != libc::RLIM_INFINITY;
        is_limited.then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
    }

    /// The address space that the process uses, where the system tells it: as a number of pages, first in a line.
    fn used_bytes() -> Option<usize> {
        let line = std::fs::read("/proc/self/statm").ok()?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_digit());
        let pages = digits.fold(0_usize, |pages, digit| {
            pages * 10 + usize::from(digit - b'0')
        });
        Some(pages * page_bytes())
    }

    fn page_bytes() -> usize {
        // SAFETY: asks for a number.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).unwrap_or(64 * 1024)
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

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;
    use std::hint::black_box;

    const PAGE: usize = 4096;
    const PAGES: usize = 16;

    /// How many of some pages below this frame are in memory.
    fn resident_pages() -> usize {
        let below = room::stack_pointer().unwrap() / PAGE * PAGE - 2 * PAGES * PAGE;
        let mut resident = [0_u8; PAGES];
        // SAFETY: the pages are those of this thread's stack, and there is a byte for each.
        let failed = unsafe { libc::mincore(below as *mut _, PAGES * PAGE, resident.as_mut_ptr()) };
        assert_eq!(failed, 0, "{}", io::Error::last_os_error());
        resident.iter().filter(|page| *page & 1 == 1).count()
    }

    #[inline(never)]
    fn use_stack() -> usize {
        let used = black_box([1_u8; 3 * PAGES * PAGE]);
        used.iter().map(|byte| usize::from(*byte)).sum()
    }

    #[test]
    fn the_stack_below_is_given_back_and_nothing_else() {
        let work = || {
            let on_stack = black_box([7_u8; 2 * PAGE]);
            let on_heap = vec![8_u8; 64 * PAGE];
            use_stack();
            assert_eq!(resident_pages(), PAGES);
            give_back_stack();
            assert_eq!(resident_pages(), 0);
            assert!(black_box(&on_stack).iter().all(|byte| *byte == 7));
            assert!(black_box(&on_heap).iter().all(|byte| *byte == 8));
        };
        let thread = std::thread::Builder::new().stack_size(1024 * 1024);
        thread.spawn(work).unwrap().join().unwrap();
    }
}
