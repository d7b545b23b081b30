//! What is left over in the process: threads, sockets, memory.

use std::fmt;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remains {
    pub(crate) threads: usize,
    pub(crate) sockets: usize,
    /// Resident memory.
    pub(crate) kilobytes: u64,
}

/// Threads and sockets end a moment after their owner.
const SETTLING: Duration = Duration::from_secs(20);

impl Remains {
    pub(crate) fn now() -> Result<Self, String> {
        let unreadable = |error| format!("/proc cannot be read: {error}");
        let status = fs::read_to_string("/proc/self/status").map_err(unreadable)?;
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .ok_or("/proc/self/status names no VmRSS")?;
        let sockets = fs::read_dir("/proc/self/fd")
            .map_err(unreadable)?
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count();
        Ok(Self {
            threads: fs::read_dir("/proc/self/task").map_err(unreadable)?.count(),
            sockets,
            kilobytes,
        })
    }

    /// As soon as threads and sockets are as few as before, or when it is plain that they will not be.
    pub(crate) fn when_settled(before: Self) -> Result<Self, String> {
        let began = Instant::now();
        loop {
            let now = Self::now()?;
            if !now.exceeds(before) || began.elapsed() > SETTLING {
                return Ok(now);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn exceeds(self, before: Self) -> bool {
        self.threads > before.threads || self.sockets > before.sockets
    }
}

impl fmt::Display for Remains {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} threads, {} sockets, {:.1} MB",
            self.threads,
            self.sockets,
            megabytes(self.kilobytes)
        )
    }
}

pub(crate) fn megabytes(kilobytes: u64) -> f64 {
    f64::from(u32::try_from(kilobytes).unwrap_or(u32::MAX)) / 1024.0
}
