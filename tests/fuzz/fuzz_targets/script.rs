//! A simulator script.
#![no_main]

use polyai_chat_simulator::Script;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = Script::parse(text, "fuzz.toml");
});
