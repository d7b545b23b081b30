//! The words of an agent, as Markdown.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polyai_chat_core::fuzzing::make_plain_text(bytes));
