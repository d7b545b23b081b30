//! Reading JSON as the service sends it.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
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
    #[cold]
    fn new(error: &serde_json::Error, text: &str) -> Self {
        if text.trim().is_empty() {
            return Self::Empty;
        }
        if Object::of(&[], text).is_err() {
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
    parse_with(text, from_text)
}

/// Once in the library for each type, however often it is called.
#[inline(never)]
fn from_text<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text)
}

/// The fields of an object, each as the text of its JSON: nothing is too deep for that. Of a name that is there twice, the last
/// one counts.
#[derive(Default)]
pub(crate) struct Object(pub(crate) Map<String, Value>);

/// Reads an object without the fields that have these names.
#[derive(Clone, Copy)]
struct Without<'a>(&'a [&'a str]);

/// A name, which is borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for Without<'_> {
    type Value = Object;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut fields = Map::new();
        while let Some(Name(name)) = map.next_key()? {
            let raw: &RawValue = map.next_value()?;
            if !self.0.contains(&&*name) {
                fields.insert(name.into_owned(), Value::String(raw.get().to_owned()));
            }
        }
        Ok(Object(fields))
    }
}

impl Object {
    /// Reads it, whatever is wrong beside what we need.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::read_without(&[], text)
    }

    /// Reads it, as [`read`](Self::read), without the fields that have these names.
    pub(crate) fn read_without(names: &[&str], text: &str) -> Option<Self> {
        Self::of(names, text)
            .or_else(|_| Self::of(names, &repaired(text)))
            .ok()
    }

    fn of(without: &[&str], text: &str) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let object = reader.deserialize_map(Without(without))?;
        reader.end()?;
        Ok(object)
    }

    /// The fields by name, with their JSON.
    pub(crate) fn into_fields(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter().map(|(name, raw)| match raw {
            Value::String(raw) => (name, raw),
            other => (name, other.to_string()),
        })
    }

    /// A field that is text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match value_of(self.0.get(name)?.as_str()?) {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

/// The fields of an object, each as its JSON; `None` where it is none. For other languages, which read numbers and depth as they
/// can. Since 0.1.0.
#[must_use]
pub fn json_fields(text: &str) -> Option<Vec<(String, String)>> {
    Some(Object::read(text)?.into_fields().collect())
}

/// A value of any shape. What is too deep for one is handed on as its text.
pub(crate) fn value_of(raw: &str) -> Value {
    serde_json::from_str(raw)
        .or_else(|_| serde_json::from_str(&repaired(raw)))
        .unwrap_or_else(|_| Value::String(raw.to_owned()))
}

/// Whether a text is JSON, or was meant to be.
pub(crate) fn is_json(text: &str) -> bool {
    let is_read = |text: &str| serde_json::from_str::<&RawValue>(text).is_ok();
    is_read(text) || is_read(&repaired(text))
}

/// Reads, and where that fails reads once more what is meant: what we do not need must not cost what we do.
pub(crate) fn parse_with<T>(
    text: &str,
    read: impl Fn(&str) -> Result<T, serde_json::Error>,
) -> Result<T, Unreadable> {
    read(text).or_else(|_| {
        let text = meant_by(text);
        read(&text).map_err(|error| Unreadable::new(&error, &text))
    })
}

/// A text that is JSON, where it was meant to be, with every name of its outermost object once.
#[cold]
fn meant_by(text: &str) -> String {
    let text = repaired(text);
    let Ok(object) = Object::of(&[], &text) else {
        return text;
    };
    let fields: Vec<String> = object
        .into_fields()
        .map(|(name, raw)| format!("{}:{raw}", Value::String(name)))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// A text without the byte order mark that some servers put before it.
pub(crate) fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// What is no JSON but is sent for it: a byte order mark, half a character, which no Rust string can hold, an end of line in a
/// string, numbers that are none.
#[cold]
fn repaired(text: &str) -> String {
    let mut rest = without_byte_order_mark(text);
    let mut repaired = String::with_capacity(rest.len());
    let mut in_string = false;
    while let Some(first) = rest.chars().next() {
        let length = match (in_string, first) {
            (true, '\\') => match surrogate_at(rest, 0) {
                Some(Surrogate::High) if matches!(surrogate_at(rest, 6), Some(Surrogate::Low)) => {
                    12
                }
                Some(_) => {
                    repaired.push_str("\\ufffd");
                    rest = rest.get(6..).unwrap_or_default();
                    continue;
                }
                // A backslash and what it escapes, which may be a backslash itself.
                None => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            },
            (true, '\0'..' ') => {
                repaired.push_str(&format!("\\u{:04x}", u32::from(first)));
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            (false, 'N' | 'I' | '-') => {
                let of_none = ["NaN", "-Infinity", "Infinity"]
                    .into_iter()
                    .find(|name| rest.starts_with(name));
                if let Some(name) = of_none {
                    repaired.push_str("null");
                    rest = rest.get(name.len()..).unwrap_or_default();
                    continue;
                }
                1
            }
            (_, '"') => {
                in_string = !in_string;
                1
            }
            (_, other) => other.len_utf8(),
        };
        let (kept, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        repaired.push_str(kept);
        rest = behind;
    }
    repaired
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
    fn text_meant_as_json_is_repaired() {
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
            ("\u{feff}{}", "{}"),
            ("\"a\nb\tc\"\n", "\"a\\u000ab\\u0009c\"\n"),
            (
                r#"{"NaN": [NaN, Infinity, -Infinity, -1], "a\"": "Infinity"}"#,
                r#"{"NaN": [null, null, null, -1], "a\"": "Infinity"}"#,
            ),
        ] {
            assert_eq!(repaired(text), expected, "{text}");
        }
    }

    #[test]
    fn of_a_name_that_is_there_twice_the_last_counts() {
        #[derive(serde::Deserialize)]
        struct Named {
            name: String,
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let text = format!(r#"{{"name": 7, "x": {deep}, "name": "b"}}"#);
        assert_eq!(parse::<Named>(&text).unwrap().name, "b");
    }
}
