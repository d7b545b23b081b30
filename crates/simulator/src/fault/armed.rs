use super::{Action, Fault, FaultError, Stage};
use crate::operation::Operation;
use serde::Serialize;

/// Names a fault that was set, so that it can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct FaultId(pub(crate) u64);

/// A fault that is set, and how it went so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ActiveFault {
    /// Its name.
    pub id: FaultId,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// How many occasions matched it.
    pub occasions: u64,
    /// How often it happened.
    pub happened: u64,
}

/// What is known where it is decided whether a fault happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion {
    pub(crate) stage: Stage,
    pub(crate) connection: u64,
    pub(crate) request_on_connection: Option<u64>,
    pub(crate) request: Option<u64>,
    pub(crate) operation: Option<Operation>,
}

/// The faults that are set, in the order in which they were.
#[derive(Debug, Default)]
pub(crate) struct ArmedFaults {
    armed: Vec<Armed>,
    last_id: u64,
}

#[derive(Debug)]
struct Armed {
    active: ActiveFault,
    chance: Chance,
}

impl ArmedFaults {
    pub(crate) fn add(&mut self, fault: Fault) -> Result<FaultId, FaultError> {
        fault.check()?;
        self.last_id += 1;
        let id = FaultId(self.last_id);
        self.armed.push(Armed {
            chance: Chance(fault.when.seed.unwrap_or(0)),
            active: ActiveFault {
                id,
                fault,
                occasions: 0,
                happened: 0,
            },
        });
        Ok(id)
    }

    pub(crate) fn remove(&mut self, id: FaultId) {
        self.armed.retain(|armed| armed.active.id != id);
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    pub(crate) fn active(&self) -> impl Iterator<Item = &ActiveFault> {
        self.armed.iter().map(|armed| &armed.active)
    }

    /// What happens on this occasion, which is counted by every fault that it matches.
    pub(crate) fn happening(&mut self, occasion: &Occasion) -> Vec<Action> {
        self.armed
            .iter_mut()
            .filter_map(|armed| {
                armed
                    .happens(occasion)
                    .then(|| armed.active.fault.action.clone())
            })
            .collect()
    }
}

impl Armed {
    fn happens(&mut self, occasion: &Occasion) -> bool {
        let when = &self.active.fault.when;
        let matches = self.active.fault.action.stage() == occasion.stage
            && agrees(when.operation, occasion.operation)
            && agrees(when.connection, Some(occasion.connection))
            && agrees(when.request, occasion.request)
            && agrees(when.request_on_connection, occasion.request_on_connection);
        if !matches {
            return false;
        }
        self.active.occasions += 1;
        let first = when.nth.unwrap_or(1);
        let times = when
            .times
            .unwrap_or(if when.nth.is_some() { 1 } else { u64::MAX });
        if self.active.occasions < first || self.active.happened >= times {
            return false;
        }
        if let Some(probability) = when.probability
            && self.chance.next() >= probability
        {
            return false;
        }
        self.active.happened += 1;
        true
    }
}

fn agrees<T: Copy + PartialEq>(wanted: Option<T>, found: Option<T>) -> bool {
    wanted.is_none() || wanted == found
}

/// The generator `SplitMix64`: a few lines instead of a dependency, and the same choices on every machine.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    /// A number from 0 up to, and without, 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        // The upper 32 bits convert to f64 without loss.
        let upper = (mixed >> 32) as u32;
        f64::from(upper) / (f64::from(u32::MAX) + 1.0)
    }
}
