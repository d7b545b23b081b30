//! What threads can do to one conversation, tried out in many orders by a scheduler. Waiting with a timeout never times out
//! here, so a wake-up that is lost is found as a deadlock.

use crate::call::{
    Call, CallCancel, CallOptions, CallThreads, CancelToken, Completions, Interrupt, Stop, Turn,
    TurnQueue,
};
use crate::config::Config;
use crate::engine::Engine;
use crate::foundation::clock::Clock;
use crate::foundation::own_thread::OwnThreads;
use crate::foundation::sync::{AtomicBool, Mutex, Ordering, thread};
use crate::model::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

const ORDERS: usize = 2_000;
const LONG: Duration = Duration::from_secs(3600);

fn explore(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(model, ORDERS);
}

fn call() -> Arc<Call> {
    let (options, token) = (CallOptions::default(), CancelToken::new());
    Arc::new(Call::begin(&options, LONG, &token, &Clock::default()).unwrap())
}

/// Threads that do not rest, for nothing here ends a rest.
fn threads_that_leave() -> CallThreads {
    let threads = CallThreads::default();
    threads.dismiss();
    threads
}

#[test]
fn turns_are_taken_in_the_order_in_which_they_joined() {
    explore(|| {
        let queue = TurnQueue::default();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let (place, taken) = (queue.join(), Arc::clone(&taken));
                thread::spawn(move || {
                    place.wait(&call()).unwrap();
                    taken.lock().unwrap().push(number);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*taken.lock().unwrap(), [0, 1, 2, 3]);
    });
}

#[test]
fn a_cancellation_wakes_a_waiting_call_and_frees_its_place() {
    explore(|| {
        let queue = TurnQueue::default();
        let first = queue.join();
        let (second, third) = (queue.join(), queue.join());
        let cancelled = call();
        let waiting = {
            let call = Arc::clone(&cancelled);
            thread::spawn(move || second.wait(&call))
        };
        let last = thread::spawn(move || third.wait(&call()));
        let canceller = thread::spawn(move || cancelled.cancel.cancel());
        first.wait(&call()).unwrap();
        drop(first);
        let outcome = waiting.join().unwrap();
        assert!(matches!(outcome, Ok(()) | Err(Stop::Cancelled)));
        assert_eq!(last.join().unwrap(), Ok(()));
        canceller.join().unwrap();
    });
}

#[test]
fn a_cancellation_alone_wakes_a_waiting_call() {
    explore(|| {
        let queue = TurnQueue::default();
        let _first = queue.join();
        let (second, cancelled) = (queue.join(), call());
        let waiting = {
            let call = Arc::clone(&cancelled);
            thread::spawn(move || second.wait(&call))
        };
        cancelled.cancel.cancel();
        assert_eq!(waiting.join().unwrap(), Err(Stop::Cancelled));
    });
}

/// A connection that the next call takes over.
#[derive(Default)]
struct Connection {
    belongs_to_another_call: AtomicBool,
    interrupted: AtomicBool,
}

impl Interrupt for Connection {
    fn interrupt(&self) {
        assert!(
            !self.belongs_to_another_call.load(Ordering::SeqCst),
            "another call's connection was shut down"
        );
        self.interrupted.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_cancellation_never_reaches_a_connection_that_was_handed_on() {
    explore(|| {
        let cancel = Arc::new(CallCancel::default());
        let connection = Arc::new(Connection::default());
        let canceller = {
            let cancel = Arc::clone(&cancel);
            thread::spawn(move || cancel.cancel())
        };
        cancel.attach(connection.clone());
        cancel.detach();
        // As the transport does: what a cancellation may have touched is not handed on.
        if cancel.is_cancelled() {
            canceller.join().unwrap();
            return;
        }
        assert!(!connection.interrupted.load(Ordering::SeqCst));
        connection
            .belongs_to_another_call
            .store(true, Ordering::SeqCst);
        canceller.join().unwrap();
    });
}

#[test]
fn a_cancellation_before_or_after_the_connection_is_there_interrupts_it() {
    explore(|| {
        let cancel = Arc::new(CallCancel::default());
        let connection = Arc::new(Connection::default());
        let canceller = {
            let cancel = Arc::clone(&cancel);
            thread::spawn(move || cancel.cancel())
        };
        cancel.attach(connection.clone());
        canceller.join().unwrap();
        assert!(connection.interrupted.load(Ordering::SeqCst));
    });
}

#[test]
fn a_token_cancels_each_call_that_has_entered_and_no_other() {
    explore(|| {
        let token = CancelToken::new();
        let calls: Vec<_> = (0..2).map(|_| Arc::new(CallCancel::default())).collect();
        let entered = token.enter(&calls[0]);
        let other = {
            let (token, call) = (token.clone(), Arc::clone(&calls[1]));
            thread::spawn(move || drop(token.enter(&call)))
        };
        token.cancel();
        assert!(calls[0].is_cancelled());
        other.join().unwrap();
        drop(entered);
        let late = Arc::new(CallCancel::default());
        let _entered = token.enter(&late);
        assert!(!late.is_cancelled());
    });
}

#[test]
fn a_token_cancelled_for_good_ends_a_call_that_is_about_to_begin() {
    explore(|| {
        let token = CancelToken::new();
        let of_thread = token.clone();
        let canceller = thread::spawn(move || of_thread.cancel_for_good());
        let options = CallOptions {
            cancel: Some(token),
            ..CallOptions::default()
        };
        let begun = Call::begin(&options, LONG, &CancelToken::new(), &Clock::default());
        canceller.join().unwrap();
        match begun {
            Ok(call) => assert_eq!(call.stopped(), Some(Stop::Cancelled)),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
        }
    });
}

#[test]
fn waiting_for_threads_lasts_until_the_last_one_ends() {
    explore(|| {
        let threads = OwnThreads::default();
        let ended = Arc::new(Mutex::new(0));
        for _ in 0..3 {
            let ended = Arc::clone(&ended);
            let work = move || *ended.lock().unwrap() += 1;
            threads.start("test", 1 << 16, work).unwrap();
        }
        assert!(threads.wait_until_none(|| Some(LONG)));
        assert_eq!(*ended.lock().unwrap(), 3);
        assert!(threads.wait_until_none(|| None));
    });
}

#[test]
fn no_tag_of_a_call_that_is_done_is_lost() {
    explore(|| {
        let completions = Completions::new().unwrap();
        let turns: Vec<_> = (0..2)
            .map(|tag| {
                let turn =
                    Turn::start(&threads_that_leave(), call(), || Ok::<_, Error>(())).unwrap();
                completions.expect(&turn, tag);
                turn
            })
            .collect();
        let mut tags = Vec::new();
        while tags.len() < turns.len() {
            assert!(completions.wait(LONG));
            tags.extend(completions.take(1));
        }
        tags.sort_unstable();
        assert_eq!(tags, [0, 1]);
    });
}

#[test]
fn the_outcome_of_a_started_call_can_be_waited_for_and_taken() {
    explore(|| {
        let turn = Turn::start(&threads_that_leave(), call(), || Ok::<_, Error>(7)).unwrap();
        assert!(turn.wait(LONG));
        assert_eq!(turn.take().unwrap(), 7);
        let turn = Turn::start(&threads_that_leave(), call(), || Ok::<_, Error>(8)).unwrap();
        assert_eq!(turn.take().unwrap(), 8);
    });
}

#[test]
fn every_started_call_finds_a_thread_and_every_thread_an_end() {
    explore(|| {
        let threads = CallThreads::default();
        let (told, telling) = shuttle::sync::mpsc::channel();
        let starting: Vec<_> = (0..3)
            .map(|number| {
                let (threads, told) = (threads.clone(), told.clone());
                thread::spawn(move || {
                    for number in [number, number + 10] {
                        let told = told.clone();
                        threads
                            .run(Box::new(move || told.send(number).unwrap()))
                            .unwrap();
                    }
                })
            })
            .collect();
        drop(told);
        let mut done: Vec<_> = telling.iter().collect();
        done.sort_unstable();
        assert_eq!(done, [0, 1, 2, 10, 11, 12]);
        for thread in starting {
            thread.join().unwrap();
        }
        // A thread that rests for ever would be found as a deadlock.
        threads.dismiss();
    });
}

#[test]
fn a_callback_runs_whether_the_call_is_done_before_or_after() {
    explore(|| {
        let turn = Turn::start(&threads_that_leave(), call(), || Ok::<_, Error>(7)).unwrap();
        let (told, telling) = shuttle::sync::mpsc::channel();
        turn.when_done(move || told.send(()).unwrap());
        telling.recv().unwrap();
        assert!(telling.recv().is_err(), "told twice");
        assert_eq!(turn.take().unwrap(), 7);
    });
}

#[test]
fn dropping_a_started_call_ends_it() {
    explore(|| {
        let queue = TurnQueue::default();
        let first = queue.join();
        let (place, of_turn) = (queue.join(), call());
        let of_thread = Arc::clone(&of_turn);
        let ended = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&ended);
        let turn = Turn::start(&threads_that_leave(), of_turn, move || {
            let outcome = place.wait(&of_thread);
            *seen.lock().unwrap() = Some(outcome);
            Ok::<_, Error>(())
        })
        .unwrap();
        drop(turn);
        // Its thread leaves the line, so that a later one is next.
        let last = queue.join();
        drop(first);
        last.wait(&call()).unwrap();
        assert!(ended.lock().unwrap().is_some());
    });
}

#[test]
fn shutting_down_stops_a_call_or_is_seen_by_it() {
    let config = Config::new()
        .region("uk")
        .account_id("a")
        .project_id("p")
        .api_key("k")
        .token("t");
    explore(move || {
        let engine = Arc::new(Engine::new(config.clone()).unwrap());
        let of_thread = Arc::clone(&engine);
        let beginning = thread::spawn(move || of_thread.begin(&CallOptions::default(), LONG));
        engine.shut_down();
        match beginning.join().unwrap() {
            Ok(call) => assert_eq!(call.stopped(), Some(Stop::Cancelled)),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
        }
    });
}
