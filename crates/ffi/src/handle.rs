//! The handles that C has.
//!
//! A handle is no address but a number: the kind of the object, its slot in the table, and the generation of the slot. So a
//! handle that was freed, freed twice, of another kind, or never one of ours is an error and not a crash. An object that is
//! freed while another thread is inside a call with it lives until that call is over.

use crate::table::{GENERATION_BITS, Key, Refusal, SLOT_BITS, Table, Use};
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

static TABLE: Table = Table::new();

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
    Completions = 9,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Config,
        Self::Client,
        Self::Request,
        Self::Conversation,
        Self::Turn,
        Self::Reply,
        Self::Error,
        Self::Cancel,
        Self::Completions,
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
            Self::Completions => "polyai_completions",
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
const KIND_BITS: u32 = 64 - 1 - SLOT_BITS - GENERATION_BITS;

fn to_number(kind: Kind, key: Key) -> u64 {
    key.generation << (1 + KIND_BITS + SLOT_BITS)
        | u64::from(key.slot) << (1 + KIND_BITS)
        | (kind as u64) << 1
        | 1
}

fn from_number(number: u64) -> Option<(Kind, Key)> {
    let kind = Kind::from_number((number >> 1) & ((1 << KIND_BITS) - 1))?;
    let slot = (number >> (1 + KIND_BITS)) & ((1 << SLOT_BITS) - 1);
    let key = Key {
        slot: u32::try_from(slot).ok()?,
        generation: number >> (1 + KIND_BITS + SLOT_BITS),
    };
    (number & 1 == 1).then_some((kind, key))
}

/// Puts an object into the table and returns its handle; gives the object back when there is no room for another one.
pub(crate) fn insert<T: Object>(object: T) -> Result<*mut T, T> {
    let object = Box::into_raw(Box::new(object));
    let Some(key) = NonNull::new(object.cast()).and_then(|it| TABLE.insert(T::KIND as u8, it))
    else {
        // SAFETY: it came from a box a moment ago, and nobody else has it.
        return Err(*unsafe { Box::from_raw(object) });
    };
    const { assert!(usize::BITS == 64, "a handle needs 64 bits") };
    #[allow(clippy::cast_possible_truncation, reason = "as was just made sure")]
    Ok(to_number(T::KIND, key) as usize as *mut T)
}

/// The object behind a handle, which stays alive while this is held.
pub(crate) struct InUse<T: Object> {
    object: Use<'static>,
    of: PhantomData<T>,
}

impl<T: Object> Deref for InUse<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: it was made by `insert` from a box of this type, and the use keeps it in the table.
        unsafe { self.object.object().cast().as_ref() }
    }
}

impl<T: Object> Drop for InUse<T> {
    fn drop(&mut self) {
        if let Some(object) = self.object.end() {
            // SAFETY: it was made by `insert` from a box of this type, and has just left the table.
            drop(unsafe { Box::from_raw(object.cast::<T>().as_ptr()) });
        }
    }
}

/// The object of this handle, for the time of a call.
pub(crate) fn find<T: Object>(handle: usize) -> Result<InUse<T>, Unusable> {
    in_use(handle, Table::enter)
}

/// Makes a handle invalid. Its object goes when no call uses it any more.
pub(crate) fn free<T: Object>(handle: usize) -> Result<(), Unusable> {
    in_use::<T>(handle, Table::enter_last).map(drop)
}

fn in_use<T: Object>(
    handle: usize,
    enter: fn(&'static Table, Key, u8) -> Result<Use<'static>, Refusal>,
) -> Result<InUse<T>, Unusable> {
    if handle == 0 {
        return Err(Unusable::Null);
    }
    let (kind, key) = from_number(handle as u64).ok_or(Unusable::Foreign)?;
    if kind != T::KIND && TABLE.has_had(key) {
        return Err(Unusable::OfKind(kind));
    }
    match enter(&TABLE, key, T::KIND as u8) {
        Err(Refusal::Foreign) => Err(Unusable::Foreign),
        Err(Refusal::Gone) => Err(Unusable::Freed),
        Ok(object) => Ok(InUse {
            object,
            of: PhantomData,
        }),
    }
}

/// How many handles are valid now.
pub(crate) fn count() -> usize {
    TABLE.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
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
        insert(object).unwrap_or_else(|_| panic!("no room")) as usize
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
        for slot in [0, 1, (1 << SLOT_BITS) - 1] {
            for generation in [0, 1, (1 << GENERATION_BITS) - 1] {
                for kind in Kind::ALL {
                    let key = Key { slot, generation };
                    assert_eq!(from_number(to_number(kind, key)), Some((kind, key)));
                }
            }
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
    fn only_one_of_several_threads_frees_a_handle_in_use() {
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
