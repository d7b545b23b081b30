//! The outcome of all cases in all languages, for people and for `docs/conformance.md`.

use crate::case::Family;
use crate::play::Outcome;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The outcome of each case in each language.
#[derive(Debug, Default)]
pub struct Report {
    outcomes: BTreeMap<(String, String), BTreeMap<String, Outcome>>,
    languages: Vec<String>,
}

impl Report {
    /// For these languages, in this order.
    #[must_use]
    pub fn new(languages: Vec<String>) -> Self {
        Self {
            languages,
            ..Self::default()
        }
    }

    /// Notes the outcome of a case.
    pub fn add(&mut self, family: &str, case: &str, language: &str, outcome: Outcome) {
        let key = (family.to_owned(), case.to_owned());
        let outcomes = self.outcomes.entry(key).or_default();
        outcomes.insert(language.to_owned(), outcome);
    }

    /// How many cases failed, in all languages together.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.all()
            .filter(|outcome| matches!(outcome, Outcome::Failed(_)))
            .count()
    }

    fn all(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.values().flat_map(BTreeMap::values)
    }

    /// A line for each language.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for language in &self.languages {
            let of_this: Vec<_> = self
                .outcomes
                .values()
                .filter_map(|outcomes| outcomes.get(language))
                .collect();
            let passed = of_this
                .iter()
                .filter(|found| matches!(found, Outcome::Passed | Outcome::PassedBut(_)))
                .count();
            let failed = of_this
                .iter()
                .filter(|found| matches!(found, Outcome::Failed(_)))
                .count();
            let rest = of_this.len() - passed - failed;
            let _ = writeln!(
                text,
                "conformance: {language}: {passed} passed, {failed} failed, {rest} not expressible"
            );
        }
        text
    }

    /// The table language by case, as Markdown.
    #[must_use]
    pub fn table(&self, families: &[Family]) -> String {
        let mut text = String::new();
        let mut reasons: Vec<String> = Vec::new();
        for family in families {
            let _ = writeln!(text, "\n## {}\n\n{}\n", family.name, family.about);
            let _ = writeln!(text, "| case | {} |", self.languages.join(" | "));
            let _ = writeln!(text, "| --- |{}", " --- |".repeat(self.languages.len()));
            for case in &family.cases {
                let _ = write!(text, "| {} |", case.name);
                let outcomes = self.outcomes.get(&(family.name.clone(), case.name.clone()));
                for language in &self.languages {
                    let cell = match outcomes.and_then(|outcomes| outcomes.get(language)) {
                        Some(Outcome::Passed) => "yes".to_owned(),
                        Some(Outcome::PassedBut(fields)) => {
                            let reason = format!("It does not show {}.", fields.join(", "));
                            format!("yes, but {}", note(&mut reasons, &reason))
                        }
                        Some(Outcome::Failed(_)) => "**no**".to_owned(),
                        Some(Outcome::NotExpressible(reason)) => {
                            format!("– {}", note(&mut reasons, reason))
                        }
                        None => "not run".to_owned(),
                    };
                    let _ = write!(text, " {cell} |");
                }
                text.push('\n');
            }
        }
        for (number, reason) in (1..).zip(&reasons) {
            let _ = writeln!(text, "\n({number}) {reason}");
        }
        text
    }
}

/// The mark of a reason, the same for the same reason.
fn note(reasons: &mut Vec<String>, reason: &str) -> String {
    let known = reasons.iter().position(|known| known == reason);
    let number = known.unwrap_or_else(|| {
        reasons.push(reason.to_owned());
        reasons.len() - 1
    });
    format!("({})", number + 1)
}
