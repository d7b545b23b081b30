//! What stands in a recording in place of texts that are nobody else's business.

use serde_json::{Map, Number, Value};
use std::iter::repeat_n;

/// The shortest placeholder that is not empty.
const SHORTEST: usize = 16;

/// A placeholder for a text. An empty text stays empty, and the length is kept roughly: rounded up to a power of two, so
/// that a placeholder is its own placeholder.
pub(super) fn of_text(name: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let named = name.chars().count() + 1;
    let length = text
        .chars()
        .count()
        .max(named)
        .max(SHORTEST)
        .next_power_of_two();
    let mut placeholder = format!("{name} ");
    placeholder.extend(repeat_n('x', length.saturating_sub(named)));
    placeholder
}

/// A handoff of the same shape. `destination` stays: it names a queue of the contact centre, and programs decide by it.
pub(super) fn of_handoff(handoff: &Value) -> Value {
    let mut placeholder = of_value(handoff);
    if let (Some(fields), Some(destination @ Value::String(_))) =
        (placeholder.as_object_mut(), handoff.get("destination"))
    {
        fields.insert("destination".to_owned(), destination.clone());
    }
    placeholder
}

/// Fields with the same names, and placeholders as their values.
pub(super) fn of_fields(fields: &Map<String, Value>) -> Map<String, Value> {
    fields
        .iter()
        .map(|(name, value)| (name.clone(), of_value(value)))
        .collect()
}

fn of_value(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(_) => Value::Number(Number::from(0)),
        Value::String(text) if text.is_empty() => value.clone(),
        Value::String(_) => Value::String("text".to_owned()),
        Value::Array(values) => values.iter().map(of_value).collect(),
        Value::Object(fields) => Value::Object(of_fields(fields)),
    }
}

#[cfg(test)]
mod tests {
    use super::{of_handoff, of_text};
    use serde_json::json;

    #[test]
    fn a_placeholder_tells_nothing_but_a_rough_length() {
        assert_eq!(of_text("reply 1", ""), "");
        assert_eq!(of_text("reply 1", "no"), "reply 1 xxxxxxxx");
        assert_eq!(of_text("reply 1", &"ü".repeat(16)), "reply 1 xxxxxxxx");
        let longer = of_text("reply 1", &"ü".repeat(17));
        assert_eq!(longer.len(), 32);
        assert_eq!(of_text("reply 1", &longer), longer);
        let many = of_text("message 123456789", "x");
        assert_eq!(many.len(), 32);
        assert_eq!(of_text("message 123456789", &many), many);
    }

    #[test]
    fn a_handoff_keeps_its_shape_and_its_destination() {
        let handoff = json!({
            "destination": "desk", "reason": "Sam is angry", "vip": true, "since": 1990, "none": null, "empty": "",
            "chat": {"destination": "Sam's home", "numbers": ["4711", 7]},
        });
        let expected = json!({
            "destination": "desk", "reason": "text", "vip": true, "since": 0, "none": null, "empty": "",
            "chat": {"destination": "text", "numbers": ["text", 0]},
        });
        assert_eq!(of_handoff(&handoff), expected);
        assert_eq!(of_handoff(&expected), expected);
        assert_eq!(of_handoff(&json!("Sam")), json!("text"));
        assert_eq!(
            of_handoff(&json!({"destination": {"name": "Sam"}})),
            json!({"destination": {"name": "text"}})
        );
    }
}
