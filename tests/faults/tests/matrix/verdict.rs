//! Whether a cell is right, wrong, or only shows how late the machine was.

use crate::bench::Materials;
use crate::cell::Cell;
use crate::expectation::Excuse;
use crate::observation::Observation;
use crate::row::LATE;
use crate::truth;

#[derive(Debug)]
pub(crate) enum Verdict {
    Right,
    /// Time alone, or a connection of others, may explain it: it must be repeated, alone and with more time, before it is called wrong.
    Disturbed(String),
    Wrong(String),
}

/// How much more time a disturbed cell gets when it is repeated.
const STRETCHES: [u32; 2] = [4, 16];

/// Runs a cell beside others.
pub(crate) fn of(cell: &Cell<'_>, materials: &Materials) -> Verdict {
    judge(cell, &cell.run(materials, 1), 1)
}

/// Repeats a cell that was disturbed, beside nothing else: what is wrong with it.
pub(crate) fn of_repeated(cell: &Cell<'_>, materials: &Materials, first: String) -> Option<String> {
    let mut words = first;
    for stretch in STRETCHES {
        match judge(cell, &cell.run(materials, stretch), stretch) {
            Verdict::Right => return None,
            Verdict::Wrong(again) => return Some(format!("{words}\nrepeated: {again}")),
            Verdict::Disturbed(again) => words = format!("{words}\nrepeated: {again}"),
        }
    }
    Some(words)
}

/// Compares what was seen of a cell with its row, and what the call claims with what the server counted. The latter is
/// wrong however late the machine was.
pub(crate) fn judge(cell: &Cell<'_>, seen: &Observation, stretch: u32) -> Verdict {
    let deviations = cell.expectation().deviations_of(seen, stretch);
    let contradictions = truth::contradictions(seen);
    let left_open = seen
        .left_open
        .as_ref()
        .map(|left| format!("connections are left open:\n{}\n", left.sockets));
    let leaks = seen.left_open.as_ref().is_some_and(|left| left.are_ours);
    if deviations.is_empty() && contradictions.is_empty() && left_open.is_none() {
        return Verdict::Right;
    }
    let excused = deviations.is_empty()
        || cell.is_timed()
            && deviations.iter().all(|deviation| match deviation.excuse {
                Excuse::None => false,
                Excuse::Slow => true,
                // It wakes as the thread does that measures this.
                Excuse::Late => seen.lateness >= LATE / 10,
            });
    let is_disturbed = excused && !leaks && contradictions.is_empty();
    let problems: Vec<_> = deviations
        .into_iter()
        .map(|deviation| deviation.words)
        .chain(contradictions)
        .chain(left_open)
        .collect();
    let words = format!(
        "{cell}: {}\n    expected: {}\n    seen: {seen}\n    alone: {}",
        problems.join("; "),
        cell.expectation(),
        cell.command()
    );
    match is_disturbed {
        true => Verdict::Disturbed(words),
        false => Verdict::Wrong(words),
    }
}
