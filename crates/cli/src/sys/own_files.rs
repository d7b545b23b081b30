//! Files and directories for their owner alone.

#[cfg(unix)]
pub(crate) use unix::shared_with_others;
#[cfg(windows)]
pub(crate) use windows::shared_with_others;

/// Has what is made be for its owner alone, from the first moment on.
pub(crate) trait ForItsOwner {
    fn for_its_owner(&mut self) -> &mut Self;
}

#[cfg(unix)]
mod unix {
    use super::ForItsOwner;
    use std::fs::{DirBuilder, OpenOptions};
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
    use std::path::Path;

    impl ForItsOwner for OpenOptions {
        fn for_its_owner(&mut self) -> &mut Self {
            self.mode(0o600)
        }
    }

    impl ForItsOwner for DirBuilder {
        fn for_its_owner(&mut self) -> &mut Self {
            self.mode(0o700)
        }
    }

    /// How a file is shared, where not only its owner may read it.
    pub(crate) fn shared_with_others(file: &Path) -> Option<String> {
        let mode = file.metadata().ok()?.permissions().mode();
        (mode & 0o044 != 0).then(|| format!("mode {:o}", mode & 0o777))
    }
}

#[cfg(windows)]
mod windows {
    use super::ForItsOwner;
    use std::fs::{DirBuilder, OpenOptions};
    use std::path::Path;

    // Inside a user's profile everything is for that user alone; elsewhere the directory decides.

    impl ForItsOwner for OpenOptions {
        fn for_its_owner(&mut self) -> &mut Self {
            self
        }
    }

    impl ForItsOwner for DirBuilder {
        fn for_its_owner(&mut self) -> &mut Self {
            self
        }
    }

    /// How a file is shared, where not only its owner may read it: the access control list is not looked at.
    pub(crate) fn shared_with_others(_: &Path) -> Option<String> {
        None
    }
}
