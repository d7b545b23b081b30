//! What was seen of a case, for people.

use polyai_chat_simulator::ReceivedRequest;
use serde_json::Value;

/// A request as the service saw it.
pub(crate) fn in_words(request: &ReceivedRequest) -> String {
    format!(
        "the service received {} {}, {}, {}, status {:?}: {}",
        request.method,
        request.target,
        if request.complete { "whole" } else { "cut" },
        if request.processed {
            "acted on"
        } else {
            "not acted on"
        },
        request.status,
        shortened(&request.json().unwrap_or_default(), 400)
    )
}

/// So many characters of a value.
pub(crate) fn shortened(value: &Value, enough: usize) -> String {
    let text = value.to_string();
    match text.char_indices().nth(enough) {
        Some((end, _)) => format!(
            "{}… ({} bytes)",
            text.get(..end).unwrap_or_default(),
            text.len()
        ),
        None => text,
    }
}
