//! Correlation ids: made here, before anything is sent, so that a timeout shows one too.

use crate::foundation::fork::Process;
use crate::model::{Error, ErrorKind};
use std::cell::RefCell;
use std::sync::Arc;
use uuid::{Builder, Uuid};

/// How many ids' worth of random bytes are asked for at a time: to ask the system for each one is a system call a turn.
const IDS_AT_A_TIME: usize = 16;
const ID_BYTES: usize = 16;

thread_local! {
    static STORE: RefCell<RandomStore> = const { RefCell::new(RandomStore::EMPTY) };
}

/// Random bytes that one thread has not used yet.
struct RandomStore {
    /// A forked child must not make the ids that its parent makes.
    process: Process,
    bytes: [u8; IDS_AT_A_TIME * ID_BYTES],
    ids_left: usize,
}

impl RandomStore {
    const EMPTY: Self = Self {
        process: Process::NONE,
        bytes: [0; IDS_AT_A_TIME * ID_BYTES],
        ids_left: 0,
    };

    fn take(&mut self) -> Option<[u8; ID_BYTES]> {
        if self.ids_left == 0 || !self.process.is_current() {
            getrandom::fill(&mut self.bytes).ok()?;
            self.process = Process::current();
            self.ids_left = IDS_AT_A_TIME;
        }
        self.ids_left -= 1;
        self.bytes.as_chunks().0.get(self.ids_left).copied()
    }
}

/// A UUID v4 as text.
pub(crate) fn new_id() -> Arc<str> {
    // A signal handler that interrupts this has no store.
    let random = STORE.with(|store| store.try_borrow_mut().ok()?.take());
    let id = match random {
        Some(bytes) => Builder::from_random_bytes(bytes).into_uuid(),
        None => Uuid::new_v4(),
    };
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    let text: &str = id.hyphenated().encode_lower(&mut text);
    Arc::from(text)
}

/// Takes the caller's own id if it can stand in a header.
pub(crate) fn checked(id: &str) -> Result<Arc<str>, Error> {
    let printable =
        !id.is_empty() && id.len() <= 200 && id.bytes().all(|byte| byte.is_ascii_graphic());
    if printable {
        Ok(Arc::from(id))
    } else {
        Err(Error::new(
            ErrorKind::InvalidArgument,
            "correlation_id must be 1 to 200 printable ASCII characters without spaces, such as a UUID",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::thread;

    #[test]
    fn an_id_that_would_break_a_header_is_refused() {
        for id in ["", "a b", "a\r\nX: y", "é", &"x".repeat(201)] {
            assert!(checked(id).is_err(), "{id:?}");
        }
        assert_eq!(&*checked("call-17").unwrap(), "call-17");
    }

    #[test]
    fn every_id_is_a_new_uuid_in_every_thread() {
        let threads: Vec<_> = (0..4)
            .map(|_| thread::spawn(|| (0..1000).map(|_| new_id()).collect::<Vec<_>>()))
            .collect();
        let mut seen = HashSet::new();
        for id in threads.into_iter().flat_map(|ids| ids.join().unwrap()) {
            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4, "{id}");
            assert!(seen.insert(id.clone()), "{id} came twice");
        }
    }

    #[test]
    fn the_rest_of_the_random_bytes_is_not_used_after_a_fork() {
        let mut store = RandomStore::EMPTY;
        let first = store.take();
        let of_parent = store.bytes;
        store.process = Process::NONE;
        assert!(first.is_some() && store.take().is_some());
        assert_ne!(store.bytes, of_parent);
        assert_eq!(store.ids_left, IDS_AT_A_TIME - 1);
    }
}
