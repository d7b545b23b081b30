//! Reading JSON as the service sends it.

use std::borrow::Cow;
use std::fmt;

/// Why a body is not what it should be.
#[derive(Debug)]
pub(crate) enum Unreadable {
    NotText(std::str::Utf8Error),
    Empty,
    NotAnObject,
    /// An object that lacks something, or has something of another type.
    WrongFields(String),
    OfAnotherConversation,
}

impl Unreadable {
    fn new(error: &serde_json::Error, text: &str) -> Self {
        if text.trim().is_empty() {
            return Self::Empty;
        }
        if !serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_object()) {
            return Self::NotAnObject;
        }
        let words = error.to_string();
        // A wrong type is reported with the value itself, which may be the agent's words.
        Self::WrongFields(
            match (
                words.starts_with("invalid type"),
                words.rsplit_once("expected "),
            ) {
                (true, Some((_, expected))) => {
                    format!("a field has the wrong type; expected {expected}")
                }
                (true, None) => "a field has the wrong type".to_owned(),
                (false, _) => words,
            },
        )
    }

    /// Whether the body is JSON such as the service sends, and may hold the agent's words.
    pub(crate) fn is_the_services_json(&self) -> bool {
        matches!(self, Self::WrongFields(_) | Self::OfAnotherConversation)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText(error) => {
                write!(formatter, "it is not UTF-8 at byte {}", error.valid_up_to())
            }
            Self::Empty => formatter.write_str("it is empty"),
            Self::NotAnObject => formatter.write_str("it is not a JSON object"),
            Self::WrongFields(problem) => formatter.write_str(problem),
            Self::OfAnotherConversation => {
                formatter.write_str("it belongs to another conversation")
            }
        }
    }
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    parse_with(text, |text| serde_json::from_str(text))
}

/// Reads, and where that fails reads once more with lone surrogates replaced: JSON may escape half a character, which
/// no Rust string can hold.
pub(crate) fn parse_with<T>(
    text: &str,
    read: impl Fn(&str) -> Result<T, serde_json::Error>,
) -> Result<T, Unreadable> {
    match read(text) {
        Ok(value) => Ok(value),
        Err(error) => match replace_lone_surrogates(text) {
            Cow::Borrowed(_) => Err(Unreadable::new(&error, text)),
            Cow::Owned(replaced) => {
                read(&replaced).map_err(|error| Unreadable::new(&error, &replaced))
            }
        },
    }
}

fn replace_lone_surrogates(text: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut kept_until = 0;
    let mut position = 0;
    while let Some(found) = text.get(position..).and_then(|rest| rest.find('\\')) {
        let escape = position + found;
        position = match surrogate_at(text, escape) {
            Some(Surrogate::High)
                if matches!(surrogate_at(text, escape + 6), Some(Surrogate::Low)) =>
            {
                escape + 12
            }
            Some(_) => {
                replaced.push_str(text.get(kept_until..escape).unwrap_or_default());
                replaced.push_str("\\ufffd");
                kept_until = escape + 6;
                kept_until
            }
            None => {
                // A backslash and what it escapes, which may be a backslash itself.
                let escaped = text.get(escape + 1..).and_then(|rest| rest.chars().next());
                escape + 1 + escaped.map_or(1, char::len_utf8)
            }
        };
    }
    if kept_until == 0 {
        return Cow::Borrowed(text);
    }
    replaced.push_str(text.get(kept_until..).unwrap_or_default());
    Cow::Owned(replaced)
}

enum Surrogate {
    High,
    Low,
}

fn surrogate_at(text: &str, escape: usize) -> Option<Surrogate> {
    let digits = text.get(escape..escape + 6)?.strip_prefix("\\u")?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xD800..=0xDBFF => Some(Surrogate::High),
        0xDC00..=0xDFFF => Some(Surrogate::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (text, expected) in [
            (r#""plain""#, r#""plain""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""é\ud83dé""#, r#""é\ufffdé""#),
            (r#""\"#, r#""\"#),
            (r#""\ud8"#, r#""\ud8"#),
        ] {
            assert_eq!(replace_lone_surrogates(text), expected, "{text}");
        }
    }
}
