use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// A text with placeholders: `{1}`, `{name}`, `{message}`, `{turn}`, `{conversation_id}`, `{variant_id}`
/// and `{attribute.name}`, each with an optional `|fallback`. `{{` and `}}` are braces.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Placeholder { what: What, fallback: String },
}

#[derive(Clone, Debug)]
enum What {
    Message,
    Turn,
    ConversationId,
    VariantId,
    Attribute(String),
    Group(usize),
}

/// What the placeholders are filled from.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a, 'm> {
    pub(crate) message: &'m str,
    pub(crate) turn: u64,
    pub(crate) conversation_id: &'a str,
    pub(crate) variant_id: &'a str,
    pub(crate) attributes: &'a Map<String, Value>,
    pub(crate) captures: Option<&'a Captures<'m>>,
}

/// The groups that a rule's pattern captures, by number.
pub(super) struct Names {
    groups: Vec<Option<String>>,
}

impl Names {
    pub(super) fn without_pattern() -> Self {
        Self { groups: Vec::new() }
    }

    pub(super) fn of(pattern: &Regex) -> Self {
        Self {
            groups: pattern
                .capture_names()
                .map(|name| name.map(str::to_owned))
                .collect(),
        }
    }

    fn group(&self, name: &str) -> Option<usize> {
        match name.parse::<usize>() {
            Ok(number) => (number < self.groups.len()).then_some(number),
            Err(_) => self
                .groups
                .iter()
                .position(|group| group.as_deref() == Some(name)),
        }
    }

    fn known(&self) -> String {
        let mut known: Vec<String> = self
            .groups
            .iter()
            .enumerate()
            .skip(1)
            .map(|(number, name)| match name {
                Some(name) => format!("`{{{name}}}`"),
                None => format!("`{{{number}}}`"),
            })
            .collect();
        known.extend(
            [
                "message",
                "turn",
                "conversation_id",
                "variant_id",
                "attribute.NAME",
            ]
            .map(|name| format!("`{{{name}}}`")),
        );
        known.join(", ")
    }
}

impl Template {
    pub(super) fn parse(text: &str, names: &Names) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from_brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from_brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some(after) = from_brace.strip_prefix('{') {
                let Some((placeholder, after)) = after.split_once('}') else {
                    return Err("a `{` is not closed; write `{{` for a brace".to_owned());
                };
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(parse_placeholder(placeholder, names)?);
                rest = after;
            } else {
                return Err("a `}` was not opened; write `}}` for a brace".to_owned());
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    pub(super) fn fill(&self, scene: &Scene<'_, '_>) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Placeholder { what, fallback } => match what.value(scene) {
                    Some(value) if !value.is_empty() => text.push_str(&value),
                    _ => text.push_str(fallback),
                },
            }
        }
        text
    }
}

impl What {
    fn value(&self, scene: &Scene<'_, '_>) -> Option<String> {
        match self {
            Self::Message => Some(scene.message.to_owned()),
            Self::Turn => Some(scene.turn.to_string()),
            Self::ConversationId => Some(scene.conversation_id.to_owned()),
            Self::VariantId => Some(scene.variant_id.to_owned()),
            Self::Attribute(name) => match scene.attributes.get(name)? {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
            Self::Group(number) => scene
                .captures?
                .get(*number)
                .map(|group| group.as_str().to_owned()),
        }
    }
}

fn parse_placeholder(text: &str, names: &Names) -> Result<Piece, String> {
    let (name, fallback) = text.split_once('|').unwrap_or((text, ""));
    let what = match name {
        "message" => What::Message,
        "turn" => What::Turn,
        "conversation_id" => What::ConversationId,
        "variant_id" => What::VariantId,
        _ => match name.strip_prefix("attribute.") {
            Some(attribute) if !attribute.is_empty() => What::Attribute(attribute.to_owned()),
            _ => match names.group(name) {
                Some(number) => What::Group(number),
                None => {
                    return Err(format!(
                        "the placeholder `{{{name}}}` is unknown here; known are {}",
                        names.known()
                    ));
                }
            },
        },
    };
    Ok(Piece::Placeholder {
        what,
        fallback: fallback.to_owned(),
    })
}
