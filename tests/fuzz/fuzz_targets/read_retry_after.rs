//! The value of `Retry-After`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polyai_chat_core::fuzzing::read_retry_after(bytes));
