//! What threads can do to one table, tried out in many orders by a scheduler. Its first piece has room for one object, so that
//! it grows soon.

use crate::table::{Key, Refusal, Table, Use};
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::thread::{self, JoinHandle};
use std::ptr::NonNull;
use std::sync::Arc;

const ORDERS: usize = 3_000;
const KIND: u8 = 3;

/// Random orders, and those with few switches between threads, which find what takes one at a rare moment.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let model = Arc::new(model);
    let same = Arc::clone(&model);
    shuttle::check_random(move || same(), ORDERS);
    shuttle::check_pct(move || model(), ORDERS, 3);
}

/// An object that knows whether it is still there. It is never given back, so that a late use is seen and not undefined.
#[derive(Default)]
struct TrackedObject {
    number: usize,
    gone: AtomicBool,
}

/// A table, and what came out of it.
#[derive(Clone)]
struct Things(Arc<(Table, AtomicUsize)>);

impl Things {
    fn new() -> Self {
        Self(Arc::new((Table::new(), AtomicUsize::new(0))))
    }

    fn table(&self) -> &Table {
        &self.0.0
    }

    fn insert(&self, number: usize) -> Key {
        let thing = Box::leak(Box::new(TrackedObject {
            number,
            ..TrackedObject::default()
        }));
        let key = self.table().insert(KIND, NonNull::from(thing).cast());
        key.unwrap()
    }

    /// Uses the object of a key, which must be the one with this number.
    fn use_it(&self, key: Key, number: usize) -> bool {
        match self.table().enter(key, KIND) {
            Ok(found) => {
                self.look(&found, number);
                true
            }
            Err(refusal) => {
                assert_eq!(refusal, Refusal::Gone);
                false
            }
        }
    }

    /// Whether it was this thread that made the key invalid.
    fn free(&self, key: Key, number: usize) -> bool {
        match self.table().enter_last(key, KIND) {
            Ok(found) => {
                self.look(&found, number);
                true
            }
            Err(refusal) => {
                assert_eq!(refusal, Refusal::Gone);
                false
            }
        }
    }

    fn look(&self, found: &Use<'_>, number: usize) {
        let thing = Self::thing(found.object());
        assert_eq!(thing.number, number, "the object of another");
        thread::yield_now();
        assert!(!thing.gone.load(Ordering::SeqCst), "used after it went");
        if let Some(object) = found.end() {
            let before = Self::thing(object).gone.swap(true, Ordering::SeqCst);
            assert!(!before, "it went twice");
            self.0.1.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn thing(object: NonNull<()>) -> &'static TrackedObject {
        // SAFETY: `insert` leaked it.
        unsafe { object.cast().as_ref() }
    }

    /// Runs something with the table on a thread of its own.
    fn spawn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let things = self.clone();
        thread::spawn(move || work(&things))
    }

    /// Nothing is left, and so many went.
    fn are_gone(&self, number: usize) {
        assert_eq!(self.table().count(), 0);
        assert_eq!(self.0.1.load(Ordering::SeqCst), number);
    }
}

fn join<T>(threads: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    // All are there before the first is waited for.
    let threads: Vec<_> = threads.into_iter().collect();
    let join = |thread: JoinHandle<T>| thread.join().unwrap();
    threads.into_iter().map(join).collect()
}

#[test]
fn threads_that_insert_use_and_free_meet_only_their_own_objects() {
    explore(|| {
        let things = Things::new();
        join((0..3).map(|thread| {
            things.spawn(move |things| {
                for round in 0..2 {
                    let number = 10 * thread + round;
                    let key = things.insert(number);
                    assert!(things.use_it(key, number));
                    assert!(things.free(key, number));
                    assert!(!things.use_it(key, number));
                }
            })
        }));
        things.are_gone(6);
    });
}

#[test]
fn of_two_threads_that_free_one_succeeds() {
    explore(|| {
        let things = Things::new();
        let key = things.insert(1);
        let freed = join((0..2).map(|_| things.spawn(move |things| things.free(key, 1))));
        assert_eq!(freed.iter().filter(|freed| **freed).count(), 1);
        things.are_gone(1);
    });
}

#[test]
fn an_object_that_is_freed_while_others_use_it_goes_once_and_last() {
    explore(|| {
        let things = Things::new();
        let key = things.insert(1);
        let users: Vec<_> = (0..2)
            .map(|_| things.spawn(move |things| things.use_it(key, 1)))
            .collect();
        assert!(things.free(key, 1));
        join(users);
        assert!(!things.use_it(key, 1));
        things.are_gone(1);
    });
}

#[test]
fn an_old_key_never_opens_what_came_into_its_slot() {
    explore(|| {
        let things = Things::new();
        let old = things.insert(1);
        let users: Vec<_> = (0..2)
            .map(|_| {
                things.spawn(move |things| {
                    things.use_it(old, 1);
                    things.free(old, 1)
                })
            })
            .collect();
        let new = things.spawn(|things| {
            let key = things.insert(2);
            assert!(things.use_it(key, 2));
            key
        });
        let new = join([new]).remove(0);
        assert_eq!(join(users).iter().filter(|freed| **freed).count(), 1);
        let again = things.insert(3);
        assert!([new.slot, again.slot].contains(&old.slot), "used again");
        assert!(!things.use_it(old, 1) && things.use_it(again, 3));
        assert!(things.free(again, 3) && things.free(new, 2));
        things.are_gone(3);
    });
}

#[test]
fn two_threads_that_make_the_table_grow_get_different_slots() {
    explore(|| {
        let things = Things::new();
        let threads = (0..3).map(|number| {
            things.spawn(move |things| [things.insert(number), things.insert(number + 10)])
        });
        let keys = join(threads).concat();
        let mut slots: Vec<_> = keys.iter().map(|key| key.slot).collect();
        slots.sort_unstable();
        assert_eq!(slots, [0, 1, 2, 3, 4, 5]);
        for (at, key) in keys.into_iter().enumerate() {
            assert!(things.free(key, at / 2 + 10 * (at % 2)));
        }
        things.are_gone(6);
    });
}

/// One thread looks at the first of the free slots and what is next, another takes that one, the next and puts the first back:
/// the first thread must not take the next for free now.
#[test]
fn a_list_of_free_slots_that_begins_as_before_is_not_the_same() {
    explore(|| {
        let things = Things::new();
        let keys: Vec<_> = (0..3).map(|number| things.insert(number)).collect();
        for (number, key) in keys.into_iter().enumerate() {
            assert!(things.free(key, number));
        }
        let one = things.spawn(|things| vec![(things.insert(10), 10)]);
        let other = things.spawn(|things| {
            let first = things.insert(20);
            let second = things.insert(21);
            assert!(things.free(first, 20));
            vec![(second, 21)]
        });
        let mut held = join([one, other]).concat();
        held.push((things.insert(22), 22));
        for (key, number) in &held {
            assert!(things.use_it(*key, *number));
        }
        for (key, number) in held {
            assert!(things.free(key, number));
        }
        things.are_gone(7);
    });
}
