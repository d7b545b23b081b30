//! A whole answer, from its status line on, as each operation in both dialects takes it. A server that may have acted on a request
//! is never believed not to have.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polyai_chat_core::fuzzing::read_answer(bytes));
