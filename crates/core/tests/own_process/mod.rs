//! What a test sees of its own process, as the system tells it.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test program takes what it needs"
)]

#[cfg(target_os = "linux")]
pub(crate) use linux::{is_readable, resident_kib, sockets, threads};
#[cfg(windows)]
pub(crate) use windows::{is_readable, resident_kib, sockets, threads};

/// How many threads of this process have a name that begins so.
pub(crate) fn threads_named(beginning: &str) -> usize {
    let is_one = |(_, name): &(u32, String)| name.starts_with(beginning);
    threads().into_iter().filter(is_one).count()
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "poll")]
mod linux {
    use polyai_chat_core::Descriptor;
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::fd::AsRawFd;

    /// The kernel's mark of a thread that runs no code of the process any more. It is listed for a moment longer.
    const IS_EXITING: u64 = 0x4;

    /// The threads of this process, and their names.
    pub(crate) fn threads() -> BTreeMap<u32, String> {
        let of_stat = |stat: String| {
            let (start, rest) = stat.rsplit_once(')')?;
            let (id, name) = start.split_once(" (")?;
            let flags: u64 = rest.split_whitespace().nth(6)?.parse().ok()?;
            (flags & IS_EXITING == 0).then(|| (id.parse().unwrap(), name.to_owned()))
        };
        fs::read_dir("/proc/self/task")
            .unwrap()
            .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok())
            .filter_map(of_stat)
            .collect()
    }

    /// How many sockets this process has.
    pub(crate) fn sockets() -> usize {
        fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count()
    }

    /// The memory of this process that is in use.
    pub(crate) fn resident_kib() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let size = line.unwrap().trim().trim_end_matches(" kB");
        size.parse().unwrap()
    }

    /// Whether the descriptor becomes readable within so many milliseconds, as an event loop is told.
    pub(crate) fn is_readable(descriptor: Descriptor<'_>, within_ms: i32) -> bool {
        let mut polled = libc::pollfd {
            fd: descriptor.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one descriptor is given, and its result is written there.
        unsafe { libc::poll(&raw mut polled, 1, within_ms) > 0 }
    }
}

#[cfg(windows)]
#[allow(unsafe_code, reason = "what the system tells of a process")]
mod windows {
    use polyai_chat_core::Descriptor;
    use std::collections::BTreeMap;
    use std::os::windows::io::AsRawSocket;
    use std::{mem, ptr, slice};
    use windows_sys::Win32::Foundation::{CloseHandle, LocalFree};
    use windows_sys::Win32::Networking::WinSock::{
        POLLRDNORM, SO_TYPE, SOL_SOCKET, WSAPOLLFD, WSAPoll, getsockopt,
    };
    use windows_sys::Win32::System::Diagnostics::ToolHelp::{
        CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
    };
    use windows_sys::Win32::System::ProcessStatus::{
        K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS,
    };
    use windows_sys::Win32::System::Threading::{
        GetCurrentProcess, GetThreadDescription, OpenThread, THREAD_QUERY_LIMITED_INFORMATION,
    };

    /// Handles are multiples of this, and a test has fewer of them.
    const STEP: usize = 4;
    const MOST_HANDLES: usize = 4096;

    fn name_of(thread: u32) -> Option<String> {
        // SAFETY: the handle is closed, and the text freed, after the last use; the text ends with 0.
        unsafe {
            let handle = OpenThread(THREAD_QUERY_LIMITED_INFORMATION, 0, thread);
            if handle.is_null() {
                return None;
            }
            let mut text = ptr::null_mut();
            GetThreadDescription(handle, &raw mut text);
            CloseHandle(handle);
            if text.is_null() {
                return Some(String::new());
            }
            let length = (0..).take_while(|&at| *text.add(at) != 0).count();
            let name = String::from_utf16_lossy(slice::from_raw_parts(text, length));
            LocalFree(text.cast());
            Some(name)
        }
    }

    /// The threads of this process, and their names.
    pub(crate) fn threads() -> BTreeMap<u32, String> {
        let mut found = Vec::new();
        // SAFETY: the entry says its own size, and the snapshot is closed after the last use.
        unsafe {
            let all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
            let mut entry: THREADENTRY32 = mem::zeroed();
            entry.dwSize = u32::try_from(size_of::<THREADENTRY32>()).unwrap();
            let mut is_one = Thread32First(all, &raw mut entry) != 0;
            while is_one {
                if entry.th32OwnerProcessID == std::process::id() {
                    found.push(entry.th32ThreadID);
                }
                is_one = Thread32Next(all, &raw mut entry) != 0;
            }
            CloseHandle(all);
        }
        let named = |thread: u32| Some((thread, name_of(thread)?));
        found.into_iter().filter_map(named).collect()
    }

    /// How many sockets this process has.
    pub(crate) fn sockets() -> usize {
        let is_socket = |handle: &usize| {
            let (mut kind, mut size) = (0_i32, 4);
            // SAFETY: `kind` has room for the four bytes that are written; what is no socket is refused.
            let result = unsafe {
                getsockopt(
                    *handle,
                    SOL_SOCKET,
                    SO_TYPE,
                    (&raw mut kind).cast(),
                    &raw mut size,
                )
            };
            result == 0
        };
        let handles = (1..MOST_HANDLES).map(|number| number * STEP);
        handles.filter(is_socket).count()
    }

    /// The memory of this process that is in use.
    pub(crate) fn resident_kib() -> u64 {
        // SAFETY: the counters have the size that is given.
        unsafe {
            let mut counters: PROCESS_MEMORY_COUNTERS = mem::zeroed();
            let size = u32::try_from(size_of::<PROCESS_MEMORY_COUNTERS>()).unwrap();
            assert_ne!(
                K32GetProcessMemoryInfo(GetCurrentProcess(), &raw mut counters, size),
                0
            );
            u64::try_from(counters.WorkingSetSize).unwrap() / 1024
        }
    }

    /// Whether the descriptor becomes readable within so many milliseconds, as an event loop is told.
    pub(crate) fn is_readable(descriptor: Descriptor<'_>, within_ms: i32) -> bool {
        let mut polled = WSAPOLLFD {
            fd: usize::try_from(descriptor.as_raw_socket()).unwrap(),
            events: POLLRDNORM,
            revents: 0,
        };
        // SAFETY: one descriptor is given, and its result is written there.
        unsafe { WSAPoll(&raw mut polled, 1, within_ms) > 0 }
    }
}
