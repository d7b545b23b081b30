//! A body with a status of 2xx, as each kind of reply in both dialects.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polyai_chat_core::fuzzing::read_reply(bytes));
