//! An Agent Studio URL as a user pastes it.
#![no_main]

use polyai_chat_core::{Client, Config};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let config = Config::new().studio_url(text).api_key("key").token("token");
    if let Ok(client) = Client::new(config) {
        // Key and token must go nowhere else.
        let base = client.base_url();
        assert!(
            base.starts_with("https://api.")
                && (base.ends_with(".platform.polyai.app") || base.ends_with(".poly.ai")),
            "{text:?} leads to {base}"
        );
    }
});
