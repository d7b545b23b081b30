//! Functions of the caller's, with the pointer that they are given.

use crate::constants::polyai_release_callback;
use polyai_chat_core::Error;
use std::ffi::c_void;

/// A callback, until nobody needs it any more.
pub(crate) struct Callback<F> {
    function: F,
    owner: Owner,
}

/// The pointer, and who is told when it is not needed any more.
struct Owner {
    user_data: *mut c_void,
    release: polyai_release_callback,
}

// SAFETY: the header says that the callback and its pointer are used on the threads of the calls, several at a time.
unsafe impl Send for Owner {}
// SAFETY: as for `Send`.
unsafe impl Sync for Owner {}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller says that it may be called with this pointer, once.
            unsafe { release(self.user_data) };
        }
    }
}

impl<F: Copy> Callback<F> {
    /// Takes the pointer over, whatever comes of it: without a function it is released at once.
    pub(crate) fn new(
        function: Option<F>,
        user_data: *mut c_void,
        release: polyai_release_callback,
    ) -> Result<Self, Error> {
        let owner = Owner { user_data, release };
        match function {
            Some(function) => Ok(Self { function, owner }),
            None => Err(Error::invalid_argument(
                "callback is NULL; a function is needed",
            )),
        }
    }

    pub(crate) fn function(&self) -> F {
        self.function
    }

    pub(crate) fn user_data(&self) -> *mut c_void {
        self.owner.user_data
    }
}
