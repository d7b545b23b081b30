//! What the callers say.

use crate::chance::Chance;
use std::path::Path;

const BUILT_IN: [&str; 8] = [
    "Where is my order?",
    "I want to send something back.",
    "I was charged twice, what can you do about it?",
    "My card has not arrived yet.",
    "Pouvez-vous parler plus lentement ?",
    "ok",
    "It says “declined”, with a little red ⚠ next to it…",
    "I ordered two blankets last Tuesday; one of them came yesterday, the other one is said to be delivered, but it is not here.",
];

pub(crate) struct Questions(Vec<String>);

impl Questions {
    pub(crate) fn built_in() -> Self {
        Self(BUILT_IN.iter().map(|text| (*text).to_owned()).collect())
    }

    /// One a line; empty lines are left out.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let questions: Vec<_> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        match questions.is_empty() {
            true => Err(format!("{} holds no question", file.display())),
            false => Ok(Self(questions)),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn any(&self, chance: &mut Chance) -> &str {
        let index = chance.below(self.0.len() as u64);
        usize::try_from(index)
            .ok()
            .and_then(|index| self.0.get(index))
            .map_or("", String::as_str)
    }
}
