//! The gate of the ABI: what is in `include` may differ from the baseline only where that was accepted.
//!
//! Until the first release a break can be accepted by its name. What a release came with is frozen: to break it takes
//! another SONAME, which begins the baseline anew.

use std::collections::BTreeSet;
use std::path::Path;

use crate::baseline::{Baseline, Interface};
use crate::changes::{self, Change, NEWEST, SONAME};
use crate::{report, second_opinion};

pub(crate) const COMMAND: &str = "cargo run -p polyai-chat-xtask -- abi";
pub(crate) const FOLDER: &str = "tests/abi/baseline";

pub(crate) struct Gate {
    baseline: Baseline,
    present: Interface,
    changes: Vec<Change>,
    /// What the last release came with and the present one breaks.
    broken_for_good: BTreeSet<String>,
}

/// What is to be done about a change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing<'a> {
    /// Nothing breaks, and it is to be accepted with all others.
    Addition,
    /// It breaks programs, and that was accepted for this reason.
    Accepted(&'a str),
    /// It breaks what was never released, and can be accepted.
    Break,
    /// It breaks what was released.
    BreakForGood,
}

impl Gate {
    pub(crate) fn read(root: &Path) -> Result<Gate, String> {
        let baseline = Baseline::read(root.join(FOLDER))?;
        let present = Interface::read(&root.join("include"))?;
        let since =
            |old: &Option<Interface>| compare_if_there(old.as_ref().map(|old| &old.abi), &present);
        let mut all = since(&baseline.accepted);
        let mut broken = since(&baseline.frozen);
        broken.retain(Change::breaks);
        let broken_for_good = broken.iter().map(|change| change.name.clone()).collect();
        // Whatever was accepted by mistake.
        broken.retain(|change| all.iter().all(|other| other.name != change.name));
        all.append(&mut broken);
        Ok(Gate {
            baseline,
            present,
            changes: all,
            broken_for_good,
        })
    }

    pub(crate) fn check(&self, with_abidiff: bool) -> Result<String, String> {
        let old = self.begun()?;
        let mut text = String::new();
        if !self.changes.is_empty() {
            text.push_str(&format!(
                "include differs from {FOLDER}.\n\n{}",
                report::changes(self)
            ));
        }
        let problems = self.problems();
        let mut is_well = problems.is_empty();
        if with_abidiff {
            match second_opinion::ask(old, &self.present, &self.changes) {
                Ok(said) => text.push_str(&said),
                Err(said) => {
                    is_well = false;
                    text.push_str(&said);
                }
            }
        }
        if !is_well {
            return Err(format!("{text}\n{}", problems.join("\n")));
        }
        let abi = &self.present.abi;
        Ok(format!(
            "{text}The ABI is as it was accepted: {}, {} functions, {} constants, {} types.\n",
            abi.numbers.soname,
            abi.functions.len(),
            abi.constants.len(),
            abi.types.len()
        ))
    }

    /// Accepts what breaks nothing, and thereby all that was accepted by name.
    pub(crate) fn accept_additions(&self) -> Result<String, String> {
        self.begun()?;
        let mut open = self.changes.iter();
        if open.any(|change| self.is_break(change)) || self.number_to_raise().is_some() {
            return Err(format!(
                "{}\n{}",
                report::changes(self),
                self.problems().join("\n")
            ));
        }
        self.write()
    }

    pub(crate) fn accept_break(mut self, name: &str, why: &str) -> Result<String, String> {
        self.begun()?;
        if why.trim().is_empty() || why.contains('\n') {
            return Err("Say why in one line; it is kept with the break.".to_owned());
        }
        let is_open = |change: &&Change| self.standing(change) == Standing::Break;
        let Some(change) = self
            .changes
            .iter()
            .filter(is_open)
            .find(|change| change.name == name)
        else {
            let open = self.changes.iter().filter(is_open);
            let open: Vec<&str> = open.map(|change| change.name.as_str()).collect();
            let reason = if self.broken_for_good.contains(name) {
                "was released: to break it takes another SONAME"
            } else {
                "is no break that can be accepted"
            };
            return Err(format!(
                "{name} {reason}. Those that can be: {}.",
                if open.is_empty() {
                    "none".to_owned()
                } else {
                    open.join(", ")
                }
            ));
        };
        self.baseline.accept_break(change, why.trim())?;
        if self.problems().is_empty() {
            return self.write();
        }
        Ok(format!("Accepted the break of {name}.\n"))
    }

    /// At a release: what it comes with cannot be broken any more.
    pub(crate) fn freeze(mut self) -> Result<String, String> {
        self.begun()?;
        if !self.changes.is_empty() {
            return Err(format!(
                "Not all is accepted; `{COMMAND}` says what is not."
            ));
        }
        if self.baseline.frozen.is_none() {
            self.baseline.restart_first(&self.present)?;
        }
        self.baseline.freeze(&self.present)?;
        Ok(format!("Wrote {FOLDER}/frozen.\n"))
    }

    /// For the first time, or after the SONAME has changed.
    pub(crate) fn begin(mut self) -> Result<String, String> {
        if self.baseline.accepted.is_some() && !self.has_new_soname() {
            return Err(format!(
                "The SONAME is that of {FOLDER}, which therefore goes on."
            ));
        }
        self.baseline.begin(&self.present)?;
        Ok(format!("Began {FOLDER} anew.\n"))
    }

    pub(crate) fn changes(&self) -> impl Iterator<Item = (&Change, Standing<'_>)> {
        self.changes
            .iter()
            .map(|change| (change, self.standing(change)))
    }

    fn standing(&self, change: &Change) -> Standing<'_> {
        if self.broken_for_good.contains(&change.name) {
            return Standing::BreakForGood;
        }
        match self.baseline.reason(change) {
            _ if !change.breaks() => Standing::Addition,
            Some(why) => Standing::Accepted(why),
            None => Standing::Break,
        }
    }

    fn is_break(&self, change: &Change) -> bool {
        matches!(
            self.standing(change),
            Standing::Break | Standing::BreakForGood
        )
    }

    fn begun(&self) -> Result<&Interface, String> {
        self.baseline
            .accepted
            .as_ref()
            .ok_or_else(|| format!("There is nothing in {FOLDER}. `{COMMAND} --begin` begins it."))
    }

    /// Everything that keeps the gate closed, and how it opens.
    fn problems(&self) -> Vec<String> {
        let count = |standing: Standing<'_>| {
            let with = self.changes().filter(|(_, other)| *other == standing);
            with.count()
        };
        let (breaks, additions) = (count(Standing::Break), count(Standing::Addition));
        let for_good = count(Standing::BreakForGood);
        let mut problems = Vec::new();
        if self.has_new_soname() {
            problems.push(format!(
                "The SONAME is another, so every program must be linked anew. If that is meant, `{COMMAND} --begin` begins \
                 {FOLDER} anew."
            ));
            return problems;
        }
        if for_good > 0 {
            problems.push(format!(
                "Breaks of what was released: {for_good}. Mend them, or raise POLYAI_ABI_OLDEST and {NEWEST} in \
                 crates/ffi/src/constants.rs, which gives the library another SONAME."
            ));
        }
        if breaks > 0 {
            problems.push(format!(
                "Breaks: {breaks}. Mend them, or accept each by its name: `{COMMAND} --accept-break NAME \"why\"`."
            ));
        }
        problems.extend(self.number_to_raise());
        if additions > 0 {
            problems.push(format!(
                "Additions: {additions}. `{COMMAND} --accept-additions` accepts them."
            ));
        }
        problems
    }

    /// A program that needs an addition must be able to ask for it.
    fn number_to_raise(&self) -> Option<String> {
        let frozen = &self.baseline.frozen.as_ref()?.abi;
        let newest = self.present.abi.numbers.newest;
        let added: Vec<String> = changes::compare(frozen, &self.present.abi)
            .into_iter()
            .filter(|change| !change.breaks() && change.name != NEWEST)
            .map(|change| change.name)
            .collect();
        (!added.is_empty() && newest <= frozen.numbers.newest).then(|| {
            format!(
                "{NEWEST} is {newest}, as in the last release, since which there was added: {}. Raise it to {} in \
                 crates/ffi/src/constants.rs.",
                added.join(", "),
                frozen.numbers.newest + 1
            )
        })
    }

    fn has_new_soname(&self) -> bool {
        self.changes.iter().any(|change| change.name == SONAME)
    }

    fn write(&self) -> Result<String, String> {
        // Nobody has a program from before the first release.
        if self.baseline.frozen.is_none() && self.changes.iter().any(Change::breaks) {
            self.baseline.restart_first(&self.present)?;
        }
        self.baseline.accept(&self.present)?;
        Ok(format!("Wrote {FOLDER}.\n"))
    }
}

fn compare_if_there(old: Option<&crate::abi::Abi>, present: &Interface) -> Vec<Change> {
    old.map(|old| changes::compare(old, &present.abi))
        .unwrap_or_default()
}
