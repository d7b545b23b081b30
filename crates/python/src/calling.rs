//! Calling what is written in Python, on a thread that the end of the interpreter may meet there.
//!
//! Before version 3.14 Python then ends the thread where it stands, by unwinding its stack. To unwind a frame of Rust that
//! is not prepared for it ends the whole process. So one that is prepared stands before ours: there the thread sleeps for
//! ever, which is what later versions do themselves.

#![allow(
    unsafe_code,
    reason = "pyo3 declares the functions of Python as ones that never unwind"
)]

use pyo3::ffi::PyObject;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::ptr;

unsafe extern "C-unwind" {
    fn PyObject_Call(
        callable: *mut PyObject,
        arguments: *mut PyObject,
        keywords: *mut PyObject,
    ) -> *mut PyObject;
}

/// Calls it with these arguments, a tuple.
pub(crate) fn call<'py, A>(
    callable: &Bound<'py, PyAny>,
    arguments: A,
) -> PyResult<Bound<'py, PyAny>>
where
    A: IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>>,
    PyErr: From<A::Error>,
{
    call_with(callable, arguments, None)
}

/// As [`call`], with keyword arguments.
pub(crate) fn call_with<'py, A>(
    callable: &Bound<'py, PyAny>,
    arguments: A,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>>
where
    A: IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>>,
    PyErr: From<A::Error>,
{
    let arguments = arguments.into_pyobject(callable.py())?;
    let keywords = keywords.map_or(ptr::null_mut(), Bound::as_ptr);
    let sleep = SleepForEver;
    // SAFETY: all are objects that live until the call is over, the second a tuple, the third a dict or null. The thread is
    // attached to the interpreter, as the token inside `callable` shows.
    let result = unsafe { PyObject_Call(callable.as_ptr(), arguments.as_ptr(), keywords) };
    std::mem::forget(sleep);
    // SAFETY: the result is a new reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(callable.py(), result) }
}

/// As [`call`], for a method.
pub(crate) fn call_method<'py, A>(
    object: &Bound<'py, PyAny>,
    name: &str,
    arguments: A,
) -> PyResult<Bound<'py, PyAny>>
where
    A: IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>>,
    PyErr: From<A::Error>,
{
    call(&object.getattr(name)?, arguments)
}

/// Dropped only when the thread is being ended. It has given up the interpreter then.
struct SleepForEver;

impl Drop for SleepForEver {
    fn drop(&mut self) {
        loop {
            std::thread::park();
        }
    }
}
