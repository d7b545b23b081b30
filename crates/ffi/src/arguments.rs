//! The types of parameters and results. Each checks one kind of argument, and its error names the argument.

use crate::handle::{self, InUse, Kind, Object, Unusable};
use crate::text::OwnedText;
use polyai_chat_core::Error;
use std::ffi::{CStr, c_char, c_void};
use std::marker::PhantomData;
use std::ptr;

/// An argument and its name.
pub(crate) struct Named<A> {
    pub(crate) value: A,
    name: &'static str,
}

impl<A> Named<A> {
    pub(crate) fn new(value: A, name: &'static str) -> Self {
        Self { value, name }
    }

    fn wrong(&self, problem: impl std::fmt::Display) -> Error {
        Error::invalid_argument(format!("{} {problem}", self.name))
    }
}

macro_rules! handle_argument {
    ($(#[doc = $documentation:literal])+ $name:ident) => {
        $(#[doc = $documentation])+
        #[repr(transparent)]
        pub struct $name<T>(*const c_void, PhantomData<T>);
    };
}

handle_argument! {
    /// A handle that the call does not change.
    Shared
}
handle_argument! {
    /// A handle that the call changes.
    Changed
}
handle_argument! {
    /// A handle that the call does not change, or NULL.
    Optional
}
handle_argument! {
    /// A handle that becomes invalid, or NULL.
    Freed
}

impl<T: Object> Named<Shared<T>> {
    pub(crate) fn get(&self) -> Result<InUse<T>, Error> {
        handle::find(self.value.0 as usize).map_err(|reason| self.unusable(reason, T::KIND))
    }
}

impl<T: Object> Named<Changed<T>> {
    pub(crate) fn get(&self) -> Result<InUse<T>, Error> {
        handle::find(self.value.0 as usize).map_err(|reason| self.unusable(reason, T::KIND))
    }
}

impl<T: Object> Named<Optional<T>> {
    pub(crate) fn get(&self) -> Result<Option<InUse<T>>, Error> {
        match handle::find(self.value.0 as usize) {
            Ok(object) => Ok(Some(object)),
            Err(Unusable::Null) => Ok(None),
            Err(reason) => Err(self.unusable(reason, T::KIND)),
        }
    }
}

impl<T: Object> Named<Freed<T>> {
    /// The object, if it is still there.
    pub(crate) fn find(&self) -> Option<InUse<T>> {
        handle::find(self.value.0 as usize).ok()
    }

    pub(crate) fn free(&self) -> Result<(), Error> {
        match handle::free::<T>(self.value.0 as usize) {
            Ok(()) | Err(Unusable::Null) => Ok(()),
            Err(reason) => Err(self.unusable(reason, T::KIND)),
        }
    }
}

impl<A> Named<A> {
    fn unusable(&self, reason: Unusable, wanted: Kind) -> Error {
        let wanted = wanted.type_name();
        match reason {
            Unusable::Null => self.wrong(format_args!("is NULL; a {wanted} is needed")),
            Unusable::Foreign => self.wrong(format_args!(
                "is not a handle of this library; a {wanted} is needed"
            )),
            Unusable::OfKind(kind) => self.wrong(format_args!(
                "is a {}; a {wanted} is needed",
                kind.type_name()
            )),
            Unusable::Freed => self.wrong(format_args!("is a {wanted} that has been freed")),
        }
    }
}

/// Where the handle of a new object goes.
#[repr(transparent)]
pub struct NewOut<T>(*mut usize, PhantomData<T>);

/// Where the handle of a new object goes, or NULL.
#[repr(transparent)]
pub struct OptionalOut<T>(*mut usize, PhantomData<T>);

impl<T: Object> Named<NewOut<T>> {
    /// Asked before anything is done whose result would be lost.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.value.0.is_null() {
            true => Err(self.wrong(format_args!(
                "is NULL; it must say where the {} goes",
                T::KIND.type_name()
            ))),
            false => Ok(()),
        }
    }

    pub(crate) fn give(&self, object: T) -> Result<(), Error> {
        self.check()?;
        give(self.value.0, object)
    }
}

impl<T: Object> Named<OptionalOut<T>> {
    pub(crate) fn give(&self, object: T) -> Result<(), Error> {
        match self.value.0.is_null() {
            true => Ok(()),
            false => give(self.value.0, object),
        }
    }
}

fn give<T: Object>(out: *mut usize, object: T) -> Result<(), Error> {
    let handle = handle::insert(object).map_err(|_| too_many_handles())?;
    // SAFETY: the caller says that a handle can be written there.
    unsafe { out.write(handle) };
    Ok(())
}

fn too_many_handles() -> Error {
    Error::invalid_argument("there are too many handles; free those that are not needed any more")
}

/// A new handle as a result; NULL when there can be none.
#[repr(transparent)]
pub struct NewHandle<T>(*mut c_void, PhantomData<T>);

impl<T: Object> NewHandle<T> {
    pub(crate) fn of(object: T) -> Result<Self, Error> {
        let handle = handle::insert(object).map_err(|_| too_many_handles())?;
        Ok(Self(handle as *mut c_void, PhantomData))
    }
}

impl<T> Default for NewHandle<T> {
    fn default() -> Self {
        Self(ptr::null_mut(), PhantomData)
    }
}

/// Where an error object goes, or NULL.
#[repr(transparent)]
pub struct ErrorOut(*mut usize);

impl ErrorOut {
    pub(crate) fn clear(&self) {
        if !self.0.is_null() {
            // SAFETY: the caller says that a handle can be written there.
            unsafe { self.0.write(0) };
        }
    }

    pub(crate) fn give(&self, failure: Error) {
        if self.0.is_null() {
            return;
        }
        // Without room for an error object the status has to do.
        let handle = handle::insert(crate::error::Error::new(failure)).unwrap_or(0);
        // SAFETY: the caller says that a handle can be written there.
        unsafe { self.0.write(handle) };
    }
}

/// UTF-8 text; its length is the next argument.
#[repr(transparent)]
pub struct Text(*const c_char);

/// UTF-8 text, or NULL where there is none; its length is the next argument.
#[repr(transparent)]
pub struct OptionalText(*const c_char);

/// No text is longer, whatever the length says.
const LONGEST_TEXT_BYTES: usize = 1 << 30;

impl Named<Text> {
    pub(crate) fn read(&self, length: &Named<usize>) -> Result<String, Error> {
        match self.text(self.value.0, length)? {
            Some(text) => Ok(text),
            None => Err(self.wrong("is NULL; a text is needed")),
        }
    }
}

impl Named<OptionalText> {
    pub(crate) fn read(&self, length: &Named<usize>) -> Result<Option<String>, Error> {
        self.text(self.value.0, length)
    }
}

impl<A> Named<A> {
    fn text(&self, start: *const c_char, length: &Named<usize>) -> Result<Option<String>, Error> {
        if start.is_null() {
            return Ok(None);
        }
        let bytes = match length.value {
            crate::constants::POLYAI_NUL_TERMINATED => {
                // SAFETY: the caller says that the text ends with a NUL.
                unsafe { CStr::from_ptr(start) }.to_bytes()
            }
            length_bytes if length_bytes > LONGEST_TEXT_BYTES => {
                return Err(length.wrong(format_args!(
                    "is {length_bytes}; a text has at most {LONGEST_TEXT_BYTES} bytes"
                )));
            }
            // SAFETY: the caller says that so many bytes can be read there.
            length_bytes => unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length_bytes) },
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(error) => Err(self.wrong(format_args!(
                "is not UTF-8: the byte at {} belongs to no character",
                error.valid_up_to()
            ))),
        }
    }
}

/// Text that belongs to the first argument; NULL where there is none.
#[repr(transparent)]
pub struct BorrowedText(*const c_char);

/// Text that lives as long as the library.
#[repr(transparent)]
pub struct StaticText(*const c_char);

impl StaticText {
    pub(crate) fn of(text: &'static CStr) -> Self {
        Self(text.as_ptr())
    }

    pub(crate) fn of_owned(text: &'static OwnedText) -> Self {
        Self(text.as_pointer())
    }
}

impl Default for BorrowedText {
    fn default() -> Self {
        Self(ptr::null())
    }
}

impl Default for StaticText {
    fn default() -> Self {
        Self(ptr::null())
    }
}

/// Where the length of a text goes, in bytes; may be NULL.
#[repr(transparent)]
pub struct LengthOut(*mut usize);

impl Named<LengthOut> {
    pub(crate) fn give(&self, length: usize) {
        if !self.value.0.is_null() {
            // SAFETY: the caller says that a length can be written there.
            unsafe { self.value.0.write(length) };
        }
    }

    /// A text of the first argument as the result, and its length.
    pub(crate) fn borrow(&self, text: Option<&OwnedText>) -> BorrowedText {
        self.give(text.map_or(0, OwnedText::length));
        BorrowedText(text.map_or(ptr::null(), OwnedText::as_pointer))
    }
}

/// Where a text of the first argument goes; may be NULL.
#[repr(transparent)]
pub struct TextOut(*mut *const c_char);

impl Named<TextOut> {
    pub(crate) fn give(&self, text: &OwnedText) {
        if !self.value.0.is_null() {
            // SAFETY: the caller says that a pointer can be written there.
            unsafe { self.value.0.write(text.as_pointer()) };
        }
    }
}

/// Where a value goes.
#[repr(transparent)]
pub struct ValueOut<V>(*mut V);

impl<V> Named<ValueOut<V>> {
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.value.0.is_null() {
            true => Err(self.wrong("is NULL; it must say where the result goes")),
            false => Ok(()),
        }
    }

    pub(crate) fn give(&self, value: V) -> Result<(), Error> {
        self.check()?;
        // SAFETY: the caller says that such a value can be written there.
        unsafe { self.value.0.write(value) };
        Ok(())
    }
}

/// Room of the caller's for a text, as large as the next argument says.
#[repr(transparent)]
pub struct Buffer(*mut c_char);

impl Named<Buffer> {
    /// Writes the text and a NUL behind it, and its length; nothing but the length when there is not room for all.
    pub(crate) fn write(
        &self,
        capacity: &Named<usize>,
        length: &Named<ValueOut<usize>>,
        text: &str,
    ) -> Result<(), Error> {
        length.give(text.len())?;
        if capacity.value == 0 {
            return Ok(());
        }
        if self.value.0.is_null() {
            return Err(self.wrong("is NULL although capacity is not 0"));
        }
        if capacity.value <= text.len() {
            return Err(capacity.wrong(format_args!(
                "is {}; {} bytes are needed, the NUL included",
                capacity.value,
                text.len() + 1
            )));
        }
        // SAFETY: the caller says that there is room for `capacity` bytes, and that is more than are written.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr(), self.value.0.cast(), text.len());
            self.value.0.add(text.len()).write(0);
        }
        Ok(())
    }
}

/// A pointer of the caller's, for its own callback.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct UserData(pub(crate) *mut c_void);
