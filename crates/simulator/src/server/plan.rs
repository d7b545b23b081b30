//! The faults of one occasion, sorted by the point at which each of them acts.

use crate::fault::{Action, Answer, Direction, Moment, Pause};
use crate::wire::stream::Pace;
use serde_json::{Map, Value};
use std::time::Duration;

/// Where several faults want the same, the one that was set first has it; delays add up.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) answer: Option<Answer>,
    pub(super) garbage: Option<String>,
    pub(super) endless_bytes_per_second: Option<u64>,
    pub(super) length_off_by: i64,
    pub(super) surplus: Option<String>,
    pub(super) alterations: Vec<Alteration>,
    pub(super) header_lines: Vec<String>,
    pub(super) header_filler: u64,
    pub(super) close_idle: Option<CloseIdle>,
    delays: Vec<(Pause, Duration)>,
    drips: Vec<(Direction, Pace)>,
    cuts: Vec<(Moment, Cut)>,
}

/// How a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Close,
    Reset,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct CloseIdle {
    pub(super) after: Duration,
    pub(super) cut: Cut,
}

#[derive(Debug)]
pub(super) struct Alteration {
    pub(super) set: Map<String, Value>,
    pub(super) remove: Vec<String>,
    pub(super) pad_response: u64,
}

impl Plan {
    pub(super) fn of(actions: Vec<Action>) -> Self {
        let mut plan = Self::default();
        for action in actions {
            plan.add(action);
        }
        plan
    }

    pub(super) fn delay(&self, before: Pause) -> Duration {
        self.delays
            .iter()
            .filter(|(pause, _)| *pause == before)
            .map(|(_, duration)| *duration)
            .fold(Duration::ZERO, Duration::saturating_add)
    }

    pub(super) fn drip(&self, part: Direction) -> Option<Pace> {
        self.drips
            .iter()
            .find(|(direction, _)| *direction == part)
            .map(|(_, pace)| *pace)
    }

    pub(super) fn cut(&self, at: Moment) -> Option<Cut> {
        self.cuts
            .iter()
            .find(|(moment, _)| *moment == at)
            .map(|(_, cut)| *cut)
    }

    fn add(&mut self, action: Action) {
        match action {
            Action::Answer(answer) => {
                self.answer.get_or_insert(answer);
            }
            Action::Delay { before, ms } => {
                self.delays.push((before, Duration::from_millis(ms)));
            }
            Action::Drip {
                part,
                bytes,
                every_ms,
            } => self.drips.push((
                part,
                Pace {
                    bytes,
                    pause: Duration::from_millis(every_ms),
                },
            )),
            Action::Close { at } => self.cuts.push((at, Cut::Close)),
            Action::Reset { at } => self.cuts.push((at, Cut::Reset)),
            Action::CloseIdle { after_ms, reset } => {
                self.close_idle.get_or_insert(CloseIdle {
                    after: Duration::from_millis(after_ms),
                    cut: if reset { Cut::Reset } else { Cut::Close },
                });
            }
            Action::EndlessBody { bytes_per_second } => {
                self.endless_bytes_per_second
                    .get_or_insert(bytes_per_second);
            }
            Action::WrongLength { by } => {
                self.length_off_by = self.length_off_by.saturating_add(by);
            }
            Action::Surplus { text } => {
                self.surplus.get_or_insert(text);
            }
            Action::Garbage { text } => {
                self.garbage.get_or_insert(text);
            }
            Action::AlterReply {
                set,
                remove,
                pad_response,
            } => self.alterations.push(Alteration {
                set,
                remove,
                pad_response,
            }),
            Action::AddHeaders { lines, filler } => {
                self.header_lines.extend(lines);
                self.header_filler = self.header_filler.saturating_add(filler);
            }
        }
    }
}
