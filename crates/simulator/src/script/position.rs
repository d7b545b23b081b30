use super::error::ScriptError;

/// A script's text, for saying where something in it is wrong.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) file_name: &'a str,
}

impl Source<'_> {
    pub(super) fn error_at(&self, offset: usize, message: impl Into<String>) -> ScriptError {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        ScriptError::Invalid {
            file: self.file_name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before
                .get(line_start..)
                .map_or(0, |line| line.chars().count())
                + 1,
            message: message.into(),
        }
    }

    pub(super) fn toml_error(&self, error: &toml::de::Error) -> ScriptError {
        let message = match error.message() {
            // Serde's words for a table with none or several of the names of an enum.
            message if message.starts_with("wanted exactly 1 element") => {
                "exactly one action is needed here, such as `action.close.at = \"after_turn\"`"
                    .to_owned()
            }
            message => with_suggestion(message),
        };
        self.error_at(error.span().map_or(0, |span| span.start), message)
    }
}

/// Adds the nearest of the valid names to a message that says which name is unknown and which would be valid.
fn with_suggestion(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message
        .starts_with("unknown ")
        .then(|| quoted.next())
        .flatten();
    let Some(unknown) = unknown else {
        return message.to_owned();
    };
    let nearest = quoted
        .map(|valid| (distance(unknown, valid), valid))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, valid)) if distance <= 1 + unknown.chars().count() / 3 => {
            format!("{message}; did you mean `{valid}`?")
        }
        _ => message.to_owned(),
    }
}

/// How many letters must be added, left out or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (above, other_letter) in row.iter().skip(1).zip(other.chars()) {
            let changed = diagonal + usize::from(letter != other_letter);
            left = changed.min(above + 1).min(left + 1);
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{distance, with_suggestion};

    #[test]
    fn letters_are_counted() {
        assert_eq!(distance("reply", "reply"), 0);
        assert_eq!(distance("repli", "reply"), 1);
        assert_eq!(distance("patern", "pattern"), 1);
        assert_eq!(distance("", "end"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn the_nearest_valid_name_is_suggested() {
        let message = "unknown field `patern`, expected one of `pattern`, `reply`";
        assert!(with_suggestion(message).ends_with("did you mean `pattern`?"));
        let far = "unknown field `colour`, expected one of `pattern`, `reply`";
        assert_eq!(with_suggestion(far), far);
        assert_eq!(
            with_suggestion("missing field `reply`"),
            "missing field `reply`"
        );
    }
}
