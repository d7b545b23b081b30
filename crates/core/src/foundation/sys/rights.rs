//! Whether the environment of a process may be believed.

#[cfg(target_os = "linux")]
pub(crate) use linux::are_raised;
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) use other_unix::are_raised;
#[cfg(windows)]
pub(crate) use windows::are_raised;

#[cfg(target_os = "linux")]
mod linux {
    /// Whether the program has more rights than the user who started it: setuid, setgid, file capabilities.
    #[allow(unsafe_code)]
    pub(crate) fn are_raised() -> bool {
        // SAFETY: reads a number that the kernel gave to the process.
        unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod other_unix {
    /// Whether the program has more rights than the user who started it: setuid, setgid.
    #[allow(unsafe_code)]
    pub(crate) fn are_raised() -> bool {
        unsafe extern "C" {
            safe fn issetugid() -> libc::c_int;
        }
        issetugid() != 0
    }
}

#[cfg(windows)]
mod windows {
    /// A program never has more rights than whoever gave it its environment.
    pub(crate) fn are_raised() -> bool {
        false
    }
}
