//! The table of objects that C knows by handle.
//!
//! A handle is no address but a number: the kind of the object, its slot in the table, and the generation of the slot,
//! which changes whenever an object leaves it. So a handle that was freed, freed twice, of another kind, or never one of ours
//! is an error and not a crash. An object that is freed while another thread is inside a call with it lives until that
//! call is over.
//!
//! The table takes no lock: none may be left held by a fork. Its slots are never given back, only used again.

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// What a handle can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Config = 1,
    Client = 2,
    Request = 3,
    Conversation = 4,
    Turn = 5,
    Reply = 6,
    Error = 7,
    Cancel = 8,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Config,
        Self::Client,
        Self::Request,
        Self::Conversation,
        Self::Turn,
        Self::Reply,
        Self::Error,
        Self::Cancel,
    ];

    /// The name of its type in C.
    pub(crate) const fn type_name(self) -> &'static str {
        match self {
            Self::Config => "polyai_config",
            Self::Client => "polyai_client",
            Self::Request => "polyai_request",
            Self::Conversation => "polyai_conversation",
            Self::Turn => "polyai_turn",
            Self::Reply => "polyai_reply",
            Self::Error => "polyai_error",
            Self::Cancel => "polyai_cancel",
        }
    }

    fn from_number(number: u64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| u64::from(*kind as u8) == number)
    }
}

/// An object that can stand behind a handle. It is used by several threads at the same time.
pub(crate) trait Object: Send + Sync + 'static {
    const KIND: Kind;
}

/// Why a handle cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    Null,
    Foreign,
    OfKind(Kind),
    Freed,
}

// From the lowest bit: 1, which no address of an object has; the kind; the slot; the generation.
const KIND_BITS: u32 = 4;
const SLOT_BITS: u32 = 24;
const GENERATION_BITS: u32 = 64 - 1 - KIND_BITS - SLOT_BITS;
const GENERATIONS: u64 = (1 << GENERATION_BITS) - 1;

/// The three parts of a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parts {
    kind: Kind,
    slot: u32,
    generation: u64,
}

impl Parts {
    fn to_number(self) -> u64 {
        self.generation << (1 + KIND_BITS + SLOT_BITS)
            | u64::from(self.slot) << (1 + KIND_BITS)
            | (self.kind as u64) << 1
            | 1
    }

    fn from_number(number: u64) -> Option<Self> {
        let slot = (number >> (1 + KIND_BITS)) & ((1 << SLOT_BITS) - 1);
        Some(Self {
            kind: Kind::from_number((number >> 1) & ((1 << KIND_BITS) - 1))
                .filter(|_| number & 1 == 1)?,
            slot: u32::try_from(slot).ok()?,
            generation: number >> (1 + KIND_BITS + SLOT_BITS),
        })
    }
}

// A slot's state, from the lowest bit: how many calls use the object now; whether its handle is valid; the generation.
const USES_BITS: u32 = 28;
const USES: u64 = (1 << USES_BITS) - 1;
const VALID: u64 = 1 << USES_BITS;
const GENERATION_SHIFT: u32 = USES_BITS + 1;

#[derive(Default)]
struct Slot {
    state: AtomicU64,
    kind: AtomicU8,
    /// What the slot holds, a `Box` of the type that `kind` says. Written only by who has the slot for itself.
    object: UnsafeCell<Option<NonNull<()>>>,
    /// The next slot of the list of free ones, plus one.
    next_free: AtomicU32,
}

// SAFETY: `object` is written before the state says that it is valid, and after the last use; everything else is atomic.
unsafe impl Sync for Slot {}

/// Slots by the thousand, in pieces that are each twice as large as the one before and stay where they are.
struct Table {
    pieces: [AtomicPtr<Slot>; PIECES],
    /// How many slots have ever been used.
    used: AtomicU32,
    /// The list of free slots: a count of its changes, and the first slot plus one.
    free: AtomicU64,
}

const FIRST_PIECE: u32 = 64;
const PIECES: usize = 18;
const MOST_SLOTS: u32 = (1 << SLOT_BITS) - FIRST_PIECE;

static TABLE: Table = Table {
    pieces: [const { AtomicPtr::new(ptr::null_mut()) }; PIECES],
    used: AtomicU32::new(0),
    free: AtomicU64::new(0),
};

impl Table {
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
        let slots: Box<[Slot]> = (0..size)
            .map(|_| Slot {
                state: AtomicU64::new(first_generation() << GENERATION_SHIFT),
                ..Slot::default()
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

/// Where the generations of this copy of the library begin: somewhere else than those of another copy in the process, so
/// that a handle of the one is not taken for a handle of the other.
fn first_generation() -> u64 {
    let address = &raw const TABLE as u64;
    address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - GENERATION_BITS)
}

/// Puts an object into the table and returns its handle; gives the object back when there is no room for another one.
pub(crate) fn insert<T: Object>(object: T) -> Result<usize, T> {
    let Some((number, slot)) = TABLE.take_slot() else {
        return Err(object);
    };
    let object = NonNull::from(Box::leak(Box::new(object))).cast();
    // SAFETY: the slot is ours alone until its state says that the handle is valid.
    unsafe { *slot.object.get() = Some(object) };
    slot.kind.store(T::KIND as u8, Ordering::Relaxed);
    let state = slot.state.load(Ordering::Relaxed);
    slot.state.store(state | VALID, Ordering::Release);
    let parts = Parts {
        kind: T::KIND,
        slot: number,
        generation: state >> GENERATION_SHIFT,
    };
    const { assert!(usize::BITS == 64, "a handle needs 64 bits") };
    #[allow(clippy::cast_possible_truncation, reason = "as was just made sure")]
    Ok(parts.to_number() as usize)
}

/// The object behind a handle, which stays alive while this is held.
pub(crate) struct InUse<T: Object> {
    number: u32,
    slot: &'static Slot,
    object: NonNull<T>,
    _owned: PhantomData<T>,
}

impl<T: Object> Deref for InUse<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the use that this stands for keeps the object in its slot.
        unsafe { self.object.as_ref() }
    }
}

impl<T: Object> Drop for InUse<T> {
    fn drop(&mut self) {
        let before = self.slot.state.fetch_sub(1, Ordering::AcqRel);
        if before & VALID != 0 || before & USES != 1 {
            return;
        }
        // The handle is invalid and this was the last use: nobody else can reach the slot now.
        // SAFETY: as just said.
        unsafe { *self.slot.object.get() = None };
        let generation = ((before >> GENERATION_SHIFT) + 1) & GENERATIONS;
        self.slot
            .state
            .store(generation << GENERATION_SHIFT, Ordering::Release);
        TABLE.push_free(self.number, self.slot);
        // SAFETY: it was made by `insert` from a box of this type, and has just left the table.
        drop(unsafe { Box::from_raw(self.object.as_ptr()) });
    }
}

/// The object of this handle, for the time of a call.
pub(crate) fn find<T: Object>(handle: usize) -> Result<InUse<T>, Unusable> {
    enter(handle, |state| state + 1)
}

/// Makes a handle invalid. Its object goes when no call uses it any more.
pub(crate) fn free<T: Object>(handle: usize) -> Result<(), Unusable> {
    enter::<T>(handle, |state| (state & !VALID) + 1).map(drop)
}

fn enter<T: Object>(handle: usize, change: fn(u64) -> u64) -> Result<InUse<T>, Unusable> {
    if handle == 0 {
        return Err(Unusable::Null);
    }
    let parts = Parts::from_number(handle as u64).ok_or(Unusable::Foreign)?;
    let slot = TABLE.slot(parts.slot).ok_or(Unusable::Foreign)?;
    if parts.kind != T::KIND {
        return Err(Unusable::OfKind(parts.kind));
    }
    let mut state = slot.state.load(Ordering::Acquire);
    loop {
        if state >> GENERATION_SHIFT != parts.generation
            || state & VALID == 0
            || state & USES == USES
        {
            return Err(Unusable::Freed);
        }
        // A handle whose bits were changed on the way.
        if slot.kind.load(Ordering::Relaxed) != T::KIND as u8 {
            return Err(Unusable::Foreign);
        }
        match slot.state.compare_exchange_weak(
            state,
            change(state),
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => break,
            Err(newer) => state = newer,
        }
    }
    // From here on the use has to be given back, whatever is found.
    // SAFETY: while the slot is used, nobody writes its object.
    let object = unsafe { *slot.object.get() };
    let object = object.ok_or(Unusable::Foreign)?;
    Ok(InUse {
        number: parts.slot,
        slot,
        object: object.cast(),
        _owned: PhantomData,
    })
}

/// How many handles are valid now.
pub(crate) fn count() -> usize {
    (0..TABLE.used.load(Ordering::Acquire))
        .filter_map(|number| TABLE.slot(number))
        .filter(|slot| slot.state.load(Ordering::Relaxed) & VALID != 0)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::{Arc, Barrier, Mutex};

    static GONE: AtomicUsize = AtomicUsize::new(0);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    struct Counted(u64);
    impl Object for Counted {
        const KIND: Kind = Kind::Config;
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            GONE.fetch_add(1, Ordering::SeqCst);
        }
    }
    struct Other;
    impl Object for Other {
        const KIND: Kind = Kind::Reply;
    }

    fn inserted<T: Object>(object: T) -> usize {
        insert(object).unwrap_or_else(|_| panic!("no room"))
    }

    fn found<T: Object>(handle: usize) -> Result<(), Unusable> {
        find::<T>(handle).map(drop)
    }

    #[test]
    fn every_wrong_handle_is_told_apart() {
        let handle = inserted(Counted(7));
        assert_eq!(find::<Counted>(handle).map(|object| object.0), Ok(7));
        assert_eq!(found::<Counted>(0), Err(Unusable::Null));
        let on_stack = 0_u64;
        assert_eq!(
            found::<Counted>(&raw const on_stack as usize),
            Err(Unusable::Foreign)
        );
        assert_eq!(found::<Counted>(usize::MAX), Err(Unusable::Foreign));
        assert_eq!(found::<Other>(handle), Err(Unusable::OfKind(Kind::Config)));
        assert_eq!(free::<Counted>(handle), Ok(()));
        assert_eq!(free::<Counted>(handle), Err(Unusable::Freed));
        assert_eq!(found::<Counted>(handle), Err(Unusable::Freed));
        let next = inserted(Counted(8));
        assert_ne!(next, handle, "the slot is used again, the handle is not");
        assert_eq!(found::<Counted>(handle), Err(Unusable::Freed));
        assert_eq!(free::<Counted>(next), Ok(()));
    }

    #[test]
    fn a_handle_whose_kind_was_changed_reaches_no_object() {
        let handle = inserted(Other);
        let forged = (handle & !0b11110) | (Kind::Config as usize) << 1;
        assert_eq!(found::<Counted>(forged), Err(Unusable::Foreign));
        assert_eq!(free::<Counted>(forged), Err(Unusable::Foreign));
        assert_eq!(free::<Other>(handle), Ok(()));
    }

    #[test]
    fn an_object_outlives_its_handle_while_it_is_used() {
        let _alone = ONE_AT_A_TIME.lock();
        let handle = inserted(Counted(1));
        let in_use = find::<Counted>(handle).unwrap_or_else(|_| panic!("not found"));
        let before = GONE.load(Ordering::SeqCst);
        assert_eq!(free::<Counted>(handle), Ok(()));
        assert_eq!(found::<Counted>(handle), Err(Unusable::Freed));
        assert_eq!((GONE.load(Ordering::SeqCst), in_use.0), (before, 1));
        drop(in_use);
        assert!(GONE.load(Ordering::SeqCst) > before);
    }

    #[test]
    fn the_parts_of_a_handle_survive_being_put_together() {
        for slot in [0, 1, 63, 64, 4_096, MOST_SLOTS - 1] {
            for generation in [0, 1, GENERATIONS] {
                for kind in Kind::ALL {
                    let parts = Parts {
                        kind,
                        slot,
                        generation,
                    };
                    assert_eq!(Parts::from_number(parts.to_number()), Some(parts));
                }
            }
            let (piece, place, size) = position(slot);
            assert!(piece < PIECES && place < size as usize, "{slot}");
        }
    }

    #[test]
    fn threads_that_insert_find_and_free_never_meet_another_object() {
        let _alone = ONE_AT_A_TIME.lock();
        let threads = 8;
        let start = Arc::new(Barrier::new(threads));
        let workers: Vec<_> = (0..threads as u64)
            .map(|worker| {
                let start = Arc::clone(&start);
                std::thread::spawn(move || {
                    start.wait();
                    let mut held = Vec::new();
                    for round in 0..20_000_usize {
                        let value = worker << 32 | round as u64;
                        held.push((inserted(Counted(value)), value));
                        if round % 3 != 0 {
                            let (handle, value) = held.swap_remove((round * 7) % held.len());
                            assert_eq!(find::<Counted>(handle).map(|object| object.0), Ok(value));
                            assert_eq!(free::<Counted>(handle), Ok(()));
                            assert_eq!(found::<Counted>(handle), Err(Unusable::Freed));
                        }
                    }
                    for (handle, value) in held {
                        assert_eq!(find::<Counted>(handle).map(|object| object.0), Ok(value));
                        assert_eq!(free::<Counted>(handle), Ok(()));
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
    }

    #[test]
    fn who_frees_while_others_use_is_the_only_one_who_succeeds() {
        let _alone = ONE_AT_A_TIME.lock();
        for _ in 0..500 {
            let handle = inserted(Counted(3));
            let freed = Arc::new(AtomicUsize::new(0));
            let before = GONE.load(Ordering::SeqCst);
            let workers: Vec<_> = (0..4)
                .map(|worker| {
                    let freed = Arc::clone(&freed);
                    std::thread::spawn(move || {
                        if worker < 2 {
                            freed.fetch_add(
                                usize::from(free::<Counted>(handle).is_ok()),
                                Ordering::SeqCst,
                            );
                        }
                        while let Ok(object) = find::<Counted>(handle) {
                            assert_eq!(object.0, 3);
                        }
                    })
                })
                .collect();
            for worker in workers {
                worker.join().unwrap();
            }
            assert_eq!(freed.load(Ordering::SeqCst), 1);
            assert!(GONE.load(Ordering::SeqCst) > before);
        }
    }
}
