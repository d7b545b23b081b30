//! What the program was started with, by the number of its descriptor.

#[cfg(unix)]
pub(crate) use unix::open;
#[cfg(windows)]
pub(crate) use windows::open;

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;

    pub(crate) fn open(descriptor: u32) -> io::Result<File> {
        File::open(format!("/dev/fd/{descriptor}"))
    }
}

#[cfg(windows)]
mod windows {
    use std::fs::File;
    use std::io;
    use std::os::windows::io::AsHandle;

    /// Other descriptors than the standard input a shell cannot hand over here.
    pub(crate) fn open(descriptor: u32) -> io::Result<File> {
        if descriptor != 0 {
            let message = "on Windows only 0, the standard input, can be read";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
    }
}
