//! Threads of our own, which never run the host's signal handlers.
//!
//! A host that handles signals on a thread of its choice blocks them on all others. A thread inherits the mask of the thread that starts it,
//! so one that we start could take them away from it.

use super::monitor::Monitor;
use super::sync::thread;
use super::sys::{address_space, signals};
use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Threads that are left to themselves: each ends with its work. A caller can wait until the last one is gone.
#[derive(Clone, Default)]
pub(crate) struct OwnThreads(Arc<Monitor<Threads>>);

#[derive(Default)]
struct Threads {
    running: usize,
    /// Those among them that may still take an arena of the allocator.
    starting: usize,
    /// The one whose work ended last. It waits for the one before it, so none is left when it is gone.
    last: Option<Handle>,
}

type Handle = thread::JoinHandle<()>;

/// How long a new thread may have to wait until the thread that started it hands over its handle.
const HANDING_OVER: Duration = Duration::from_secs(86_400);

impl OwnThreads {
    /// Starts a thread with some work, which no panic may leave.
    pub(crate) fn start(
        &self,
        name: &str,
        stack_bytes: usize,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let builder = thread::Builder::new()
            .name(name.to_owned())
            .stack_size(stack_bytes);
        let own_handle = Arc::new(Monitor::<Option<Handle>>::default());
        let (threads, handed_over) = (self.clone(), Arc::clone(&own_handle));
        let needed = {
            let mut threads = self.0.lock();
            threads.running += 1;
            threads.starting += 1;
            stack_bytes + threads.may_take_bytes()
        };
        let started = is_left(needed).and_then(|()| {
            signals::blocked_meanwhile(|| {
                builder.spawn(move || {
                    drop(black_box(Box::new(0_u8))); // takes the arena, if this thread is to have one
                    threads.0.change(|threads| threads.starting -= 1);
                    work();
                    threads.end(handed_over.take_within(HANDING_OVER));
                })
            })
        });
        match started {
            Ok(handle) => own_handle.change(|place| *place = Some(handle)),
            Err(error) => {
                self.0.change(|threads| {
                    threads.running -= 1;
                    threads.starting -= 1;
                });
                return Err(error);
            }
        }
        Ok(())
    }

    /// The last thing that a thread does.
    fn end(&self, this: Option<Handle>) {
        let before = self.0.change(|threads| {
            threads.running -= 1;
            std::mem::replace(&mut threads.last, this)
        });
        if let Some(before) = before {
            let _ = before.join();
        }
    }

    /// Waits until none is left, and returns whether none is. `left` says how long at most.
    pub(crate) fn wait_until_none(&self, left: impl Fn() -> Option<Duration>) -> bool {
        let is_none_left = |threads: &mut Threads| {
            if threads.running > 0 {
                return None;
            }
            // It needs this lock no more, and is gone in a moment: its thread-locals go first, one of which may leave a JVM.
            if let Some(last) = threads.last.take() {
                let _ = last.join();
            }
            Some(())
        };
        self.0.wait_for(left, is_none_left).is_some()
    }
}

impl Threads {
    /// How much address space they may still ask for.
    fn may_take_bytes(&self) -> usize {
        self.starting * ARENA_BYTES + self.running * CALL_BYTES + OTHER_BYTES
    }
}

/// What glibc's allocator reserves for a thread: 64 MB, and twice as much for a moment.
const ARENA_BYTES: usize = 128 * 1024 * 1024;

/// What a call on a thread of ours allocates. A thread that got no arena maps whole pages for each piece of it.
const CALL_BYTES: usize = 256 * 1024;

/// What the host's own threads may ask for meanwhile.
const OTHER_BYTES: usize = 32 * 1024 * 1024;

/// Whether a process with a limit of its address space has this much of it left. Rust ends a process, and glibc does, where a
/// thread asks for memory in vain, so a call is refused before it comes to that. Nothing is reserved to find out: other threads
/// would miss it in that moment.
fn is_left(needed: usize) -> io::Result<()> {
    match address_space::left_bytes() {
        Some(left) if left < needed => Err(io::ErrorKind::OutOfMemory.into()),
        _ => Ok(()),
    }
}
