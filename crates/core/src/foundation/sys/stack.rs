//! The stack of a thread of ours, which is given back while the thread waits.

#[cfg(unix)]
pub(crate) use unix::give_back;
#[cfg(windows)]
pub(crate) use windows::give_back;

#[cfg(unix)]
#[allow(unsafe_code)]
mod unix {
    use crate::foundation::sys::address_space::page_bytes;
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    use std::arch::asm;

    /// Much less than the stack of a thread of ours, and more than its work uses of it.
    const USED_BYTES: usize = 128 * 1024;

    /// More than the call that gives it back needs.
    const STILL_NEEDED_BYTES: usize = 1024;

    /// Gives back what this thread, which must be one of ours, has used of its stack and uses no more. Not for a thread of the
    /// host, whose stack may be small and have something else below it.
    pub(crate) fn give_back() {
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
    fn stack_pointer() -> Option<usize> {
        let here: usize;
        // SAFETY: copies a register.
        unsafe {
            asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags));
        }
        Some(here)
    }

    #[cfg(target_arch = "aarch64")]
    fn stack_pointer() -> Option<usize> {
        let here: usize;
        // SAFETY: copies a register.
        unsafe {
            asm!("mov {}, sp", out(reg) here, options(nomem, nostack, preserves_flags));
        }
        Some(here)
    }

    /// On other processors the stack is not given back.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn stack_pointer() -> Option<usize> {
        None
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::hint::black_box;

        const PAGE: usize = 4096;
        const PAGES: usize = 16;

        /// How many of some pages below this frame are in memory.
        fn resident_pages() -> usize {
            let below = stack_pointer().unwrap() / PAGE * PAGE - 2 * PAGES * PAGE;
            let mut resident = [0_u8; PAGES];
            // SAFETY: the pages are those of this thread's stack, and there is a byte for each.
            let failed =
                unsafe { libc::mincore(below as *mut _, PAGES * PAGE, resident.as_mut_ptr()) };
            assert_eq!(failed, 0, "{}", std::io::Error::last_os_error());
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
                give_back();
                assert_eq!(resident_pages(), 0);
                assert!(black_box(&on_stack).iter().all(|byte| *byte == 7));
                assert!(black_box(&on_heap).iter().all(|byte| *byte == 8));
            };
            let thread = std::thread::Builder::new().stack_size(1024 * 1024);
            thread.spawn(work).unwrap().join().unwrap();
        }
    }
}

#[cfg(windows)]
mod windows {
    /// The system keeps what a stack has used.
    pub(crate) fn give_back() {}
}
