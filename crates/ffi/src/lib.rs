//! The C ABI: `libpolyai_chat`, described for its users in `include/polyai_chat.h`, which is generated from here.
//!
//! Every exported function is written inside `export!`, which keeps panics in and makes error objects. Its
//! parameters are the types of `arguments`, each of which checks one kind of argument. Behind a handle stands an object
//! of the `handle` table, never an address.
#![allow(
    unsafe_code,
    reason = "this is where the memory of others is read and written"
)]
#![allow(
    non_camel_case_types,
    unreachable_pub,
    reason = "these names are those of C, and what is exported has no path in Rust"
)]

#[macro_use]
mod export;

mod arguments;
mod callback;
mod cancel;
mod cancellation;
mod client;
mod config;
pub mod constants;
mod conversation;
mod error;
mod handle;
mod library;
mod reply;
mod request;
mod text;
mod turn;
