//! Where a program keeps what it writes for itself.

#[cfg(unix)]
pub(crate) use unix::state_directory;
#[cfg(windows)]
pub(crate) use windows::state_directory;

use std::path::PathBuf;

/// A variable of the environment that is an absolute path.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

#[cfg(unix)]
mod unix {
    use super::variable;
    use std::path::PathBuf;

    /// `$XDG_STATE_HOME`, else `~/.local/state`.
    pub(crate) fn state_directory() -> Option<PathBuf> {
        variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")))
    }
}

#[cfg(windows)]
mod windows {
    use super::variable;
    use std::path::PathBuf;

    /// `%LOCALAPPDATA%`.
    pub(crate) fn state_directory() -> Option<PathBuf> {
        variable("LOCALAPPDATA")
    }
}
