//! A table of objects that any number of threads put into, use and take out without a lock: none may be left held by a fork.
//!
//! An object has a slot. Whenever it leaves, the slot's generation changes, so that an old key opens nothing. An object whose
//! key was made invalid stays until nobody uses it any more. Slots are never given back, only used again.

use crate::sync::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::cell::UnsafeCell;
use std::ptr::{self, NonNull};

/// Where an object is in the table, and which of those that were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) slot: u32,
    pub(crate) generation: u64,
}

/// Why a key opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is no key of this table.
    Foreign,
    /// Its object has left.
    Gone,
}

/// How many bits of a key say the slot, and how many the generation.
pub(crate) const SLOT_BITS: u32 = 24;
pub(crate) const GENERATION_BITS: u32 = 64 - GENERATION_SHIFT;

// A slot's state, from the lowest bit: how many calls use the object now; whether its key is valid; the generation.
const USES_BITS: u32 = 28;
const USES: u64 = (1 << USES_BITS) - 1;
const VALID: u64 = 1 << USES_BITS;
const GENERATION_SHIFT: u32 = USES_BITS + 1;
const GENERATIONS: u64 = (1 << GENERATION_BITS) - 1;

struct Slot {
    state: AtomicU64,
    kind: AtomicU8,
    /// Written only by the thread that has the slot for itself.
    object: UnsafeCell<Option<NonNull<()>>>,
    /// The next slot of the list of free ones, plus one.
    next_free: AtomicU32,
}

// SAFETY: `object` is written before the state says that it is valid, and after the last use; everything else is atomic.
unsafe impl Sync for Slot {}

/// Slots in pieces that are each twice as large as the one before and stay where they are.
pub(crate) struct Table {
    pieces: [AtomicPtr<Slot>; PIECES],
    /// How many slots have ever been used.
    used: AtomicU32,
    /// The list of free slots: a count of its changes, and the first slot plus one.
    free: AtomicU64,
}

/// In models, so few that a table grows soon.
const FIRST_PIECE: u32 = if cfg!(feature = "models") { 1 } else { 64 };
const PIECES: usize = (SLOT_BITS - FIRST_PIECE.ilog2()) as usize;
const MOST_SLOTS: u32 = (1 << SLOT_BITS) - FIRST_PIECE;

impl Table {
    pub(crate) const fn new() -> Self {
        Self {
            pieces: [const { AtomicPtr::new(ptr::null_mut()) }; PIECES],
            used: AtomicU32::new(0),
            free: AtomicU64::new(0),
        }
    }

    /// Nothing when there is no room for another object.
    pub(crate) fn insert(&self, kind: u8, object: NonNull<()>) -> Option<Key> {
        let (number, slot) = self.take_slot()?;
        // SAFETY: the slot is ours alone until its state says that the key is valid.
        unsafe { *slot.object.get() = Some(object) };
        slot.kind.store(kind, Ordering::Relaxed);
        let state = slot.state.load(Ordering::Relaxed);
        slot.state.store(state | VALID, Ordering::Release);
        Some(Key {
            slot: number,
            generation: state >> GENERATION_SHIFT,
        })
    }

    /// The object of a key, which stays until the use is over.
    pub(crate) fn enter(&self, key: Key, kind: u8) -> Result<Use<'_>, Refusal> {
        self.change(key, kind, |state| state + 1)
    }

    /// As [`enter`](Self::enter), and makes the key invalid: of several that do, one succeeds.
    pub(crate) fn enter_last(&self, key: Key, kind: u8) -> Result<Use<'_>, Refusal> {
        self.change(key, kind, |state| (state & !VALID) + 1)
    }

    fn change(&self, key: Key, kind: u8, to: fn(u64) -> u64) -> Result<Use<'_>, Refusal> {
        let slot = self.slot(key.slot).ok_or(Refusal::Foreign)?;
        let mut state = slot.state.load(Ordering::Acquire);
        loop {
            let is_gone = state >> GENERATION_SHIFT != key.generation || state & VALID == 0;
            if is_gone || state & USES == USES {
                return Err(Refusal::Gone);
            }
            // A key whose bits were changed on the way.
            if slot.kind.load(Ordering::Relaxed) != kind {
                return Err(Refusal::Foreign);
            }
            match slot.state.compare_exchange_weak(
                state,
                to(state),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => break,
                Err(newer) => state = newer,
            }
        }
        // From here on the use has to be given back, whatever is found.
        // SAFETY: while the slot is used, nobody writes its object.
        let object = unsafe { *slot.object.get() }.ok_or(Refusal::Foreign)?;
        Ok(Use {
            table: self,
            number: key.slot,
            slot,
            object,
        })
    }

    /// Whether an object was ever where the key says.
    pub(crate) fn has_had(&self, key: Key) -> bool {
        self.slot(key.slot).is_some()
    }

    /// How many keys are valid now.
    pub(crate) fn count(&self) -> usize {
        (0..self.used.load(Ordering::Acquire))
            .filter_map(|number| self.slot(number))
            .filter(|slot| slot.state.load(Ordering::Relaxed) & VALID != 0)
            .count()
    }

    /// The slot of this number, if there has been one.
    fn slot(&self, number: u32) -> Option<&Slot> {
        if number >= self.used.load(Ordering::Acquire) {
            return None;
        }
        self.allocated(number)
    }

    fn allocated(&self, number: u32) -> Option<&Slot> {
        let (piece, place, _) = position(number);
        let first = self.pieces.get(piece)?.load(Ordering::Acquire);
        // SAFETY: a piece that is there has room for all its places, and is never given back.
        (!first.is_null()).then(|| unsafe { &*first.add(place) })
    }

    /// A slot that nobody else has, and its number.
    fn take_slot(&self) -> Option<(u32, &Slot)> {
        if let Some(number) = self.pop_free() {
            return Some((number, self.allocated(number)?));
        }
        let mut number = self.used.load(Ordering::Acquire);
        loop {
            if number >= MOST_SLOTS {
                return None;
            }
            self.allocate_piece_of(number);
            match self.used.compare_exchange_weak(
                number,
                number + 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some((number, self.allocated(number)?)),
                Err(newer) => number = newer,
            }
        }
    }

    fn allocate_piece_of(&self, number: u32) {
        let (piece, _, size) = position(number);
        let Some(piece) = self.pieces.get(piece) else {
            return;
        };
        if !piece.load(Ordering::Acquire).is_null() {
            return;
        }
        let generation = self.first_generation();
        let slots: Box<[Slot]> = (0..size)
            .map(|_| Slot {
                state: AtomicU64::new(generation << GENERATION_SHIFT),
                kind: AtomicU8::new(0),
                object: UnsafeCell::new(None),
                next_free: AtomicU32::new(0),
            })
            .collect();
        let ours = Box::into_raw(slots);
        let outcome = piece.compare_exchange(
            ptr::null_mut(),
            ours.cast(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        if outcome.is_err() {
            // SAFETY: it came from a box a moment ago, and another thread's piece has taken its place.
            drop(unsafe { Box::from_raw(ours) });
        }
    }

    /// Where the generations of this table begin: somewhere else than those of another copy of the library in the process, so
    /// that a key of the one is not taken for a key of the other.
    fn first_generation(&self) -> u64 {
        let address = ptr::from_ref(self) as u64;
        address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - GENERATION_BITS)
    }

    fn pop_free(&self) -> Option<u32> {
        let mut head = self.free.load(Ordering::Acquire);
        loop {
            let number = list_first(head)?;
            let next = self.allocated(number)?.next_free.load(Ordering::Relaxed);
            match self.free.compare_exchange_weak(
                head,
                list_head(head, next),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(number),
                Err(newer) => head = newer,
            }
        }
    }

    fn push_free(&self, number: u32, slot: &Slot) {
        let mut head = self.free.load(Ordering::Acquire);
        loop {
            slot.next_free.store(
                list_first(head).map_or(0, |first| first + 1),
                Ordering::Relaxed,
            );
            match self.free.compare_exchange_weak(
                head,
                list_head(head, number + 1),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return,
                Err(newer) => head = newer,
            }
        }
    }
}

/// An object that is used, which keeps it in its slot.
pub(crate) struct Use<'a> {
    table: &'a Table,
    number: u32,
    slot: &'a Slot,
    object: NonNull<()>,
}

impl Use<'_> {
    pub(crate) fn object(&self) -> NonNull<()> {
        self.object
    }

    /// Ends the use. The last user gets the object, if its key is invalid.
    pub(crate) fn end(&self) -> Option<NonNull<()>> {
        let before = self.slot.state.fetch_sub(1, Ordering::AcqRel);
        if before & VALID != 0 || before & USES != 1 {
            return None;
        }
        // The key is invalid and this was the last use: nobody else can reach the slot now.
        // SAFETY: as just said.
        unsafe { *self.slot.object.get() = None };
        let generation = ((before >> GENERATION_SHIFT) + 1) & GENERATIONS;
        let state = generation << GENERATION_SHIFT;
        self.slot.state.store(state, Ordering::Release);
        self.table.push_free(self.number, self.slot);
        Some(self.object)
    }
}

/// The piece of a slot, its place in it, and the size of that piece.
fn position(number: u32) -> (usize, usize, u32) {
    let from_first = number + FIRST_PIECE;
    let piece = from_first.ilog2() - FIRST_PIECE.ilog2();
    let size = FIRST_PIECE << piece;
    (piece as usize, (from_first - size) as usize, size)
}

fn list_first(head: u64) -> Option<u32> {
    u32::try_from(head & u64::from(u32::MAX))
        .ok()?
        .checked_sub(1)
}

/// The list's head with another first slot (plus one). The count keeps an outdated head from being taken for this one.
fn list_head(before: u64, first: u32) -> u64 {
    ((before >> 32).wrapping_add(1) << 32) | u64::from(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_a_place_in_a_piece() {
        for slot in [0, 1, 63, 64, 4_096, MOST_SLOTS - 1] {
            let (piece, place, size) = position(slot);
            assert!(piece < PIECES && place < size as usize, "{slot}");
        }
    }
}
