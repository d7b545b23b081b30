//! The body of an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polyai_chat_core::fuzzing::read_envelope(bytes));
