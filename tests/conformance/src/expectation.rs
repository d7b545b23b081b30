//! Whether what came is what was expected.

use crate::case::NONE;
use crate::seen::shortened;
use regex::Regex;
use serde_json::Value;

/// As many characters of a value as somebody wants to read beside another.
const ENOUGH: usize = 400;

/// What differs, with the place where it does. Objects may hold more than is expected, lists may not.
pub(crate) fn differences(place: &str, expected: &Value, found: &Value) -> Vec<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => expected
            .iter()
            .flat_map(|(name, expected)| {
                let inner = format!("{place}.{name}");
                match found.get(name) {
                    None | Some(Value::Null) if expected == NONE => Vec::new(),
                    Some(found) => differences(&inner, expected, found),
                    None => vec![format!("{inner} is missing")],
                }
            })
            .collect(),
        // Headers: a list of pairs, of which some are named with their values.
        (Value::Object(expected), Value::Array(pairs)) => expected
            .iter()
            .flat_map(|(name, expected)| {
                let named = pairs.iter().filter(|pair| pair[0] == **name);
                let values: Value = named.map(|pair| pair[1].clone()).collect();
                differences(&format!("{place}.{name}"), expected, &values)
            })
            .collect(),
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => expected
            .iter()
            .zip(found)
            .enumerate()
            .flat_map(|(number, (expected, found))| {
                differences(&format!("{place}[{number}]"), expected, found)
            })
            .collect(),
        (Value::String(expected), found) if expected.starts_with('~') => {
            let pattern = expected.trim_start_matches('~');
            match (Regex::new(pattern), found) {
                (Err(error), _) => vec![format!("{place}: {error}")],
                (Ok(pattern), Value::String(found)) if pattern.is_match(found) => Vec::new(),
                (Ok(pattern), Value::Number(found)) if pattern.is_match(&found.to_string()) => {
                    Vec::new()
                }
                _ => vec![format!(
                    "{place} is {found}, which does not match {pattern}"
                )],
            }
        }
        _ if expected == found => Vec::new(),
        _ => vec![format!(
            "{place} is {} and not {}",
            shortened(found, ENOUGH),
            shortened(expected, ENOUGH)
        )],
    }
}

/// As [`differences`], but that an object must not hold more than is expected either.
pub(crate) fn exact_differences(place: &str, expected: &Value, found: &Value) -> Vec<String> {
    let mut all = differences(place, expected, found);
    if let (Value::Object(expected), Value::Object(found)) = (expected, found) {
        for name in found.keys().filter(|name| !expected.contains_key(*name)) {
            all.push(format!("{place}.{name} was not expected"));
        }
        for (name, expected) in expected {
            if let Some(found) = found.get(name).filter(|found| found.is_object()) {
                all.extend(
                    exact_differences(&format!("{place}.{name}"), expected, found)
                        .into_iter()
                        .filter(|line| line.ends_with("was not expected")),
                );
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_the_place_of_what_differs() {
        let found = json!({"a": {"b": [1, "two"]}, "more": true});
        assert!(differences("x", &json!({"a": {"b": [1, "~^t"]}}), &found).is_empty());
        assert_eq!(
            differences("x", &json!({"a": {"b": [1, "~^z"]}, "c": 1}), &found),
            [
                "x.a.b[1] is \"two\", which does not match ^z",
                "x.c is missing"
            ]
        );
        assert_eq!(
            differences("x", &json!({"a": {"b": [1]}}), &found),
            ["x.a.b is [1,\"two\"] and not [1]"]
        );
        let headers = json!([["a", "1"], ["b", "2"], ["a", "3"]]);
        assert!(differences("x", &json!({"a": ["1", "~^3$"], "c": []}), &headers).is_empty());
        assert_eq!(
            exact_differences("x", &json!({"a": {}}), &found),
            ["x.more was not expected", "x.a.b was not expected"]
        );
    }
}
