//! What an error and a log line must not hold, in any language: keys, what the customer said, and what forges another line.

use crate::play::{API_KEY, TOKEN};
use serde_json::Value;

/// A shorter sentence may be there by chance.
const SHORTEST: usize = 6;
/// No text of an error is longer, whatever the service says; one that a program prints has several of them.
const LONGEST: usize = 4 * 1024;
const LONGEST_PRINTED: usize = 32 * 1024;

/// Headers are the service's own, as they came.
const AS_THEY_CAME: [&str; 2] = ["headers", "header"];

/// What is wrong with how a runner shows an error and log lines.
pub(crate) fn seen(answer: &Value, said: &[String]) -> Vec<String> {
    let mut texts = Vec::new();
    if let Some(error) = answer["error"].as_object() {
        let fields = error.iter();
        for (_, field) in fields.filter(|(name, _)| !AS_THEY_CAME.contains(&name.as_str())) {
            collect(field, &mut texts);
        }
    }
    collect(&answer["log"], &mut texts);
    let mut wrong: Vec<String> = texts
        .iter()
        .filter_map(|text| problem(text, said, LONGEST))
        .collect();
    if let Some(printed) = answer["printed"].as_str() {
        // A stack has lines, each perhaps with a tab.
        let text = printed.replace(['\n', '\t', '\r'], " ");
        wrong.extend(problem(&text, said, LONGEST_PRINTED));
    }
    wrong
}

fn collect<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, texts)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, texts)),
        _ => {}
    }
}

fn problem(text: &str, said: &[String], longest: usize) -> Option<String> {
    let small = text.to_lowercase();
    let said = said.iter().map(String::as_str);
    let mut secrets = [API_KEY, TOKEN]
        .into_iter()
        .chain(said.filter(|said| said.len() >= SHORTEST));
    let why = if text.len() > longest {
        format!("is {} bytes long", text.len())
    } else if text.contains(char::is_control) || text.contains(['\u{202e}', '\u{2028}', '\u{200b}'])
    {
        "holds a control character".to_owned()
    } else if let Some(secret) = secrets.find(|secret| small.contains(&secret.to_lowercase())) {
        format!("holds {secret:?}")
    } else {
        return None;
    };
    let beginning: String = text.chars().take(200).collect();
    Some(format!(
        "what is shown of an error or in the log {why}: {beginning:?}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_that_leaks_is_seen() {
        let said = ["My order".to_owned(), "hello".to_owned()];
        for harmless in [
            json!({ "error": { "message": "hello", "headers": [["x", "My order\n"]] } }),
            json!({ "reply": { "response": "My order" }, "printed": "a\n\tb" }),
            json!({ "log": [{ "text": "a line", "serial": 1 }] }),
        ] {
            assert_eq!(seen(&harmless, &said), <[String; 0]>::default());
        }
        for leak in [
            json!({ "error": { "message": "my ORDER" } }),
            json!({ "error": { "attempts": [{ "error": format!("x{TOKEN}") }] } }),
            json!({ "error": { "cause": "a\nb" } }),
            json!({ "error": { "body_excerpt": "x".repeat(5000) } }),
            json!({ "log": [{ "text": "a\u{1b}[31m" }] }),
            json!({ "log": [format!("x {API_KEY}")] }),
            json!({ "printed": "at My order" }),
            json!({ "printed": "\u{202e}" }),
        ] {
            assert_eq!(seen(&leak, &said).len(), 1, "{leak}");
        }
    }
}
