//! What C passes and gets. Whatever is wrong with an argument becomes an error that begins with the argument's name.

use crate::constants::POLYAI_NUL_TERMINATED;
use crate::handle::{self, InUse, Object, Unusable};
use crate::text::OwnedText;
use polyai_chat_core::Error;
use std::ffi::{CStr, c_char};
use std::ptr;

fn wrong(name: &str, problem: impl std::fmt::Display) -> Error {
    Error::invalid_argument(format!("{name} {problem}"))
}

/// A handle that C passes. It is looked up and never followed, so it may be anything.
pub(crate) trait Handle<T: Object>: Copy {
    fn number(self) -> usize;

    /// The object, for the time of a call.
    fn get(self, name: &str) -> Result<InUse<T>, Error> {
        handle::find(self.number()).map_err(|reason| unusable::<T>(name, reason))
    }

    /// As [`get`](Self::get), where NULL stands for none.
    fn get_optional(self, name: &str) -> Result<Option<InUse<T>>, Error> {
        match self.number() {
            0 => Ok(None),
            _ => self.get(name).map(Some),
        }
    }

    /// The object, if it is still there.
    fn find(self) -> Option<InUse<T>> {
        handle::find(self.number()).ok()
    }

    /// Makes the handle invalid.
    fn free(self, name: &str) -> Result<(), Error> {
        match handle::free::<T>(self.number()) {
            Ok(()) | Err(Unusable::Null) => Ok(()),
            Err(reason) => Err(unusable::<T>(name, reason)),
        }
    }
}

impl<T: Object> Handle<T> for *const T {
    fn number(self) -> usize {
        self as usize
    }
}

impl<T: Object> Handle<T> for *mut T {
    fn number(self) -> usize {
        self as usize
    }
}

fn unusable<T: Object>(name: &str, reason: Unusable) -> Error {
    let wanted = T::KIND.type_name();
    match reason {
        Unusable::Null => wrong(name, format_args!("is NULL; a {wanted} is needed")),
        Unusable::Foreign => wrong(
            name,
            format_args!("is not a handle of this library; a {wanted} is needed"),
        ),
        Unusable::OfKind(kind) => wrong(
            name,
            format_args!("is a {}; a {wanted} is needed", kind.type_name()),
        ),
        Unusable::Freed => wrong(name, format_args!("is a {wanted} that has been freed")),
    }
}

/// A new handle as the result of a function.
pub(crate) fn new_handle<T: Object>(object: T) -> Result<*mut T, Error> {
    handle::insert(object).map_err(|_| {
        Error::invalid_argument(
            "there are too many handles; free those that are not needed any more",
        )
    })
}

/// Where a new handle goes. It is asked for before anything is done whose result would be lost.
pub(crate) struct NewHandle<T>(*mut *mut T);

impl<T: Object> NewHandle<T> {
    /// # Safety
    /// `place` is NULL, or a handle can be written there until the call is over.
    pub(crate) unsafe fn new(place: *mut *mut T, name: &str) -> Result<Self, Error> {
        if place.is_null() {
            let wanted = T::KIND.type_name();
            return Err(wrong(
                name,
                format_args!("is NULL; it must say where the {wanted} goes"),
            ));
        }
        Ok(Self(place))
    }

    /// Where it goes if the caller wants it, which NULL says it does not.
    ///
    /// # Safety
    /// As for [`new`](Self::new).
    pub(crate) unsafe fn optional(place: *mut *mut T) -> Self {
        Self(place)
    }

    pub(crate) fn give(&self, object: T) -> Result<(), Error> {
        if !self.0.is_null() {
            let handle = new_handle(object)?;
            // SAFETY: as the maker of this said.
            unsafe { self.0.write(handle) };
        }
        Ok(())
    }
}

impl<T> NewHandle<T> {
    /// Says that there is nothing to give.
    pub(crate) fn give_none(&self) {
        // SAFETY: as the maker of this said; NULL was refused, or is not asked to take nothing.
        unsafe { write(self.0, ptr::null_mut()) };
    }
}

/// Where a value goes.
pub(crate) struct Out<V>(*mut V);

impl<V> Out<V> {
    /// # Safety
    /// `place` is NULL, or such a value can be written there until the call is over.
    pub(crate) unsafe fn new(place: *mut V, name: &str) -> Result<Self, Error> {
        if place.is_null() {
            return Err(wrong(name, "is NULL; it must say where the result goes"));
        }
        Ok(Self(place))
    }

    pub(crate) fn give(&self, value: V) {
        // SAFETY: as the maker of this said.
        unsafe { self.0.write(value) };
    }
}

/// No text is longer, whatever the length says.
const LONGEST_TEXT_BYTES: usize = 1 << 30;

/// The text that begins at `start`.
///
/// # Safety
/// `start` is NULL, or `length` bytes can be read there until the call is over; all up to a NUL where the length says so.
pub(crate) unsafe fn text<'a>(
    start: *const c_char,
    length: usize,
    name: &str,
) -> Result<&'a str, Error> {
    // SAFETY: as the caller says.
    unsafe { optional_text(start, length, name) }?
        .ok_or_else(|| wrong(name, "is NULL; a text is needed"))
}

/// As [`text`], where NULL stands for none.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn optional_text<'a>(
    start: *const c_char,
    length: usize,
    name: &str,
) -> Result<Option<&'a str>, Error> {
    if start.is_null() {
        return Ok(None);
    }
    let bytes = match length {
        // SAFETY: as the caller says.
        POLYAI_NUL_TERMINATED => unsafe { CStr::from_ptr(start) }.to_bytes(),
        // SAFETY: as the caller says.
        0..=LONGEST_TEXT_BYTES => unsafe { std::slice::from_raw_parts(start.cast(), length) },
        _ => {
            return Err(wrong(
                &format!("{name}_length"),
                format_args!("is {length}; a text has at most {LONGEST_TEXT_BYTES} bytes"),
            ));
        }
    };
    std::str::from_utf8(bytes).map(Some).map_err(|error| {
        wrong(
            name,
            format_args!(
                "is not UTF-8: the byte at {} belongs to no character",
                error.valid_up_to()
            ),
        )
    })
}

/// Writes a result that the caller may not want.
///
/// # Safety
/// `place` is NULL, or such a value can be written there.
unsafe fn write<V>(place: *mut V, value: V) {
    if !place.is_null() {
        // SAFETY: as the caller says.
        unsafe { place.write(value) };
    }
}

/// A text as the result of a function, and its length; NULL and 0 where there is none.
///
/// # Safety
/// `length` is NULL, or a length can be written there.
pub(crate) unsafe fn lend(text: Option<&OwnedText>, length: *mut usize) -> *const c_char {
    // SAFETY: as the caller says.
    unsafe { write(length, text.map_or(0, OwnedText::length)) };
    text.map_or(ptr::null(), OwnedText::as_pointer)
}

/// Gives a header, if it is there.
///
/// # Safety
/// Each place is NULL, or such a value can be written there.
pub(crate) unsafe fn give_header(
    header: Option<&(OwnedText, OwnedText)>,
    name: *mut *const c_char,
    value: *mut *const c_char,
    value_length: *mut usize,
) -> bool {
    let Some((found, content)) = header else {
        return false;
    };
    // SAFETY: as the caller says.
    unsafe {
        write(name, found.as_pointer());
        write(value, lend(Some(content), value_length));
    }
    true
}

/// Writes a text and a NUL into `buffer`, and its length; nothing but the length when there is not room for all.
///
/// # Safety
/// `length` is NULL, or a length can be written there; `buffer` is NULL, or has room for `capacity` bytes.
pub(crate) unsafe fn write_text(
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    text: &str,
) -> Result<(), Error> {
    // SAFETY: as the caller says.
    unsafe { Out::new(length, "length") }?.give(text.len());
    if capacity == 0 {
        return Ok(());
    }
    if buffer.is_null() {
        return Err(wrong("buffer", "is NULL although capacity is not 0"));
    }
    if capacity <= text.len() {
        let needed = text.len() + 1;
        return Err(wrong(
            "capacity",
            format_args!("is {capacity}; {needed} bytes are needed, the NUL included"),
        ));
    }
    // SAFETY: the caller says that there is room for `capacity` bytes, and that is more than are written.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), text.len());
        buffer.add(text.len()).write(0);
    }
    Ok(())
}
