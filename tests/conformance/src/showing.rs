//! What a runner's language has no way to show. The core's languages show everything, a program with an output of its own may not.

use serde_json::Value;

/// What a runner says of itself in its answer to `begin`.
#[derive(Debug, Default)]
pub(crate) struct Showing {
    /// Fields that are never shown, such as `reply.raw`.
    hidden: Vec<String>,
    /// Whether the language closes what it created by itself, so that one more close may be sent than the case has.
    pub(crate) closes: bool,
}

impl Showing {
    pub(crate) fn of(answer: &Value) -> Self {
        let hidden = answer.get("hidden").and_then(Value::as_array);
        Self {
            hidden: hidden
                .into_iter()
                .flatten()
                .filter_map(|path| Some(path.as_str()?.to_owned()))
                .collect(),
            closes: answer.get("closes") == Some(&Value::Bool(true)),
        }
    }

    /// Whether a field may be shown, and must be.
    pub(crate) fn shows(&self, path: &str) -> bool {
        !self.hidden.iter().any(|hidden| hidden == path)
    }

    /// Takes what cannot be shown out of what is expected, and says what that was.
    pub(crate) fn strip(&self, expected: &mut Value) -> Vec<String> {
        let mut taken = Vec::new();
        for path in &self.hidden {
            let pointer = format!("/{}", path.replace('.', "/"));
            let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
            let parent = expected.pointer_mut(parent).and_then(Value::as_object_mut);
            if parent.is_some_and(|parent| parent.remove(name).is_some()) {
                taken.push(path.clone());
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_hidden_is_not_expected() {
        let showing = Showing::of(&json!({ "hidden": ["reply.raw", "state"] }));
        assert!(!showing.shows("reply.raw") && showing.shows("reply.response"));
        let mut expected = json!({ "reply": { "raw": "x", "response": "y" }, "state": "open" });
        assert_eq!(showing.strip(&mut expected), ["reply.raw", "state"]);
        assert_eq!(expected, json!({ "reply": { "response": "y" } }));
    }
}
