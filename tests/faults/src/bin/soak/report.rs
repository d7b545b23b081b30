//! The figures.

use crate::ledger::Belief;
use crate::remains::{Remains, megabytes};
use crate::round::Outcome;
use polyai_chat_core::ErrorKind;
use std::collections::BTreeMap;
use std::fmt;

/// How many disagreements are printed in full.
const SHOWN: usize = 20;
/// Growth of memory from the first round to the last that needs no explanation: caches and the allocator's slack.
const SLACK_KILOBYTES: u64 = 64 * 1024;

/// How calls ended.
#[derive(Default)]
pub(crate) struct Tally {
    by_outcome: BTreeMap<(&'static str, Belief), u64>,
    by_kind: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn add(&mut self, operation: &'static str, belief: Belief, kind: Option<ErrorKind>) {
        *self.by_outcome.entry((operation, belief)).or_default() += 1;
        if let Some(kind) = kind {
            *self.by_kind.entry(kind.name()).or_default() += 1;
        }
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        for (key, count) in &other.by_outcome {
            *self.by_outcome.entry(*key).or_default() += count;
        }
        for (key, count) in &other.by_kind {
            *self.by_kind.entry(*key).or_default() += count;
        }
    }

    pub(crate) fn turns(&self) -> u64 {
        self.count("respond")
    }

    fn count(&self, operation: &str) -> u64 {
        self.by_outcome
            .iter()
            .filter(|((name, _), _)| *name == operation)
            .map(|(_, count)| count)
            .sum()
    }
}

pub(crate) struct Report {
    before: Remains,
    after: Vec<Remains>,
    total: Outcome,
}

impl Report {
    pub(crate) fn new(before: Remains) -> Self {
        Self {
            before,
            after: Vec::new(),
            total: Outcome::default(),
        }
    }

    pub(crate) fn before(&self) -> Remains {
        self.before
    }

    pub(crate) fn add(&mut self, outcome: Outcome, after: Remains) {
        self.total.tally.extend(&outcome.tally);
        self.total.overshoot.extend(&outcome.overshoot);
        self.total.of_the_machine.extend(&outcome.of_the_machine);
        self.total.disagreements.extend(outcome.disagreements);
        self.total.connections += outcome.connections;
        self.total.retries += outcome.retries;
        self.after.push(after);
    }

    /// Both sides' books agree, and nothing is left over.
    pub(crate) fn agrees(&self) -> bool {
        self.total.disagreements.is_empty() && self.leftovers().is_none()
    }

    fn leftovers(&self) -> Option<String> {
        if let Some(more) = self.after.iter().find(|after| after.exceeds(self.before)) {
            return Some(format!("{more} after a round, {} before", self.before));
        }
        let (first, last) = (self.after.first()?, self.after.last()?);
        let grown = last.kilobytes.saturating_sub(first.kilobytes);
        (grown > SLACK_KILOBYTES)
            .then(|| format!("memory grew by {:.1} MB over the rounds", megabytes(grown)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome {
            tally,
            overshoot,
            of_the_machine,
            disagreements,
            connections,
            retries,
        } = &self.total;
        for operation in ["create", "respond", "close"] {
            write!(
                formatter,
                "{operation:<12} {:>8} calls:",
                tally.count(operation)
            )?;
            for ((name, belief), count) in &tally.by_outcome {
                if *name == operation {
                    write!(formatter, " {} {count}", belief.name())?;
                }
            }
            writeln!(formatter)?;
        }
        write!(formatter, "errors      ")?;
        for (kind, count) in &tally.by_kind {
            write!(formatter, " {kind} {count}")?;
        }
        writeln!(formatter)?;
        writeln!(formatter, "retries      {retries}")?;
        writeln!(formatter, "connections  {connections}")?;
        writeln!(formatter, "deadline     {overshoot}")?;
        writeln!(
            formatter,
            "the machine  {of_the_machine} (a thread that only sleeps)"
        )?;
        writeln!(formatter, "before       {}", self.before)?;
        if let (Some(first), Some(last)) = (self.after.first(), self.after.last()) {
            writeln!(
                formatter,
                "after        {last} ({:.1} MB after the first round)",
                megabytes(first.kilobytes)
            )?;
        }
        for disagreement in disagreements.iter().take(SHOWN) {
            writeln!(formatter, "disagreement: {disagreement}")?;
        }
        if let Some(leftovers) = self.leftovers() {
            writeln!(formatter, "left over: {leftovers}")?;
        }
        match self.agrees() {
            true => writeln!(formatter, "soak: both sides agree to the last turn"),
            false => writeln!(
                formatter,
                "soak: FAILED, {} disagreements",
                disagreements.len()
            ),
        }
    }
}
