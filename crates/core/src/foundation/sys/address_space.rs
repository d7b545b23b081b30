//! How much address space a process with a limit has left.

#[cfg(unix)]
pub(crate) use unix::{left_bytes, page_bytes};
#[cfg(windows)]
pub(crate) use windows::left_bytes;

#[cfg(unix)]
#[allow(unsafe_code)]
mod unix {
    /// What is left; none where there is no limit, or the system does not tell what is used.
    pub(crate) fn left_bytes() -> Option<usize> {
        let limit = limit_bytes()?;
        Some(limit.saturating_sub(used_bytes()?))
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

    pub(crate) fn page_bytes() -> usize {
        // SAFETY: asks for a number.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).unwrap_or(64 * 1024)
    }
}

#[cfg(windows)]
mod windows {
    /// A process has no limit of its address space.
    pub(crate) fn left_bytes() -> Option<usize> {
        None
    }
}
