//! Where a user's configuration is.

#[cfg(unix)]
pub(crate) use unix::{CONFIGURATION_VARIABLES, configuration_directory};
#[cfg(windows)]
pub(crate) use windows::{CONFIGURATION_VARIABLES, configuration_directory};

use std::path::PathBuf;

/// A variable of the environment that is a path.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

#[cfg(unix)]
mod unix {
    use super::variable;
    use std::path::PathBuf;

    /// Of which one has to be set, in words.
    pub(crate) const CONFIGURATION_VARIABLES: &str = "POLYAI_CONFIG_FILE, XDG_CONFIG_HOME nor HOME";

    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    pub(crate) fn configuration_directory() -> Option<PathBuf> {
        variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")))
    }
}

#[cfg(windows)]
mod windows {
    use super::variable;
    use std::path::PathBuf;

    /// Of which one has to be set, in words.
    pub(crate) const CONFIGURATION_VARIABLES: &str = "POLYAI_CONFIG_FILE nor APPDATA";

    /// `%APPDATA%`.
    pub(crate) fn configuration_directory() -> Option<PathBuf> {
        variable("APPDATA")
    }
}
