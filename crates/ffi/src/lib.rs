//! The C ABI: `libpolyai_chat`, described for its users in `include/polyai_chat.h`, which is generated from here.
//!
//! Every exported function is `fallible` or `plain`: `boundary` keeps panics in and makes error objects. `arguments` checks
//! what C passes. Behind a handle stands an object of the `handle` table, never an address. The type of the object has its name
//! in C, and is opaque there.
#![allow(
    unsafe_code,
    reason = "this is where the memory of others is read and written"
)]
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "an exported function is unsafe as a whole: the header says what its caller promises"
)]
#![allow(
    non_camel_case_types,
    unreachable_pub,
    reason = "these names are those of C, and what is exported has no path in Rust"
)]

mod arguments;
mod boundary;
mod by_id;
mod callback;
mod cancel;
mod client;
mod completions;
mod config;
pub mod constants;
mod conversation;
mod error;
mod handle;
mod library;
#[cfg(all(test, feature = "models"))]
mod models;
mod reply;
mod request;
mod sync;
mod sys;
mod table;
mod text;
mod turn;
