//! What the C ABI adds to a turn: the same turns by the core and by `libpolyai_chat.so`, in turns, in one process.
//!
//! `c-beside-core LIBRARY [ROUNDS [TURNS]]`, where the library was built with the same profile as this program.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "calls the library as C does, and may fail loudly"
)]

use libloading::{Library, Symbol};
use polyai_chat_core::{Client, Config, Conversation, Create};
use polyai_chat_simulator::Simulator;
use std::ffi::{CStr, c_char, c_void};
use std::hint::black_box;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

const MESSAGE: &str = "Where is my order?";

type Handle = *mut c_void;
type Set = unsafe extern "C" fn(Handle, *const c_char, usize, *const c_char, usize, Handle) -> u32;
type New = unsafe extern "C" fn(Handle, *mut Handle, Handle) -> u32;
type CreateConversation = unsafe extern "C" fn(Handle, Handle, *mut Handle, Handle) -> u32;
type Respond =
    unsafe extern "C" fn(Handle, *const c_char, usize, Handle, *mut Handle, *mut Handle) -> u32;
type Response = unsafe extern "C" fn(Handle, *mut usize) -> *const c_char;

/// A conversation over the C ABI, with the functions that a turn needs.
struct ByC<'a> {
    conversation: Handle,
    respond: Symbol<'a, Respond>,
    response: Symbol<'a, Response>,
    free_reply: Symbol<'a, unsafe extern "C" fn(Handle)>,
    state: Symbol<'a, unsafe extern "C" fn(Handle) -> u32>,
}

impl<'a> ByC<'a> {
    fn new(library: &'a Library, simulator: &Simulator) -> Self {
        // SAFETY: the types are those of polyai_chat.h.
        unsafe {
            let config_new: Symbol<'_, unsafe extern "C" fn() -> Handle> =
                library.get("polyai_config_new").unwrap();
            let config_set: Symbol<'_, Set> = library.get("polyai_config_set").unwrap();
            let client_new: Symbol<'_, New> = library.get("polyai_client_new").unwrap();
            let create: Symbol<'_, CreateConversation> =
                library.get("polyai_client_create").unwrap();
            let config = config_new();
            for (name, value) in settings(simulator) {
                let (name_length, value_length) = (name.len(), value.len());
                let status = config_set(
                    config,
                    name.as_ptr().cast(),
                    name_length,
                    value.as_ptr().cast(),
                    value_length,
                    null_mut(),
                );
                assert_eq!(status, 0, "{name}");
            }
            let (mut client, mut conversation) = (null_mut(), null_mut());
            assert_eq!(client_new(config, &raw mut client, null_mut()), 0);
            assert_eq!(
                create(client, null_mut(), &raw mut conversation, null_mut()),
                0
            );
            Self {
                conversation,
                respond: library.get("polyai_conversation_respond").unwrap(),
                response: library.get("polyai_reply_response").unwrap(),
                free_reply: library.get("polyai_reply_free").unwrap(),
                state: library.get("polyai_conversation_state").unwrap(),
            }
        }
    }

    /// What does nothing but find the object of a handle and ask it for a number.
    fn state(&self) -> usize {
        // SAFETY: as C calls it.
        usize::from(unsafe { (self.state)(self.conversation) } != 0)
    }

    fn turn(&self) -> usize {
        let (mut reply, mut error, mut length) = (null_mut(), null_mut(), 0);
        // SAFETY: as C calls it.
        unsafe {
            let status = (self.respond)(
                self.conversation,
                MESSAGE.as_ptr().cast(),
                MESSAGE.len(),
                null_mut(),
                &raw mut reply,
                &raw mut error,
            );
            assert_eq!(status, 0);
            let text = (self.response)(reply, &raw mut length);
            black_box(CStr::from_ptr(text));
            (self.free_reply)(reply);
        }
        length
    }
}

fn settings(simulator: &Simulator) -> Vec<(&'static str, String)> {
    vec![
        ("base_url", simulator.url()),
        ("account_id", simulator.account_id().to_owned()),
        ("project_id", simulator.project_id().to_owned()),
        ("api_key", simulator.api_key()),
        ("token", simulator.token()),
    ]
}

fn by_core(simulator: &Simulator) -> Conversation {
    let mut config = Config::new();
    for (name, value) in settings(simulator) {
        config.set(name, &value).unwrap();
    }
    Client::new(config).unwrap().create(Create::new()).unwrap()
}

/// The processor time of this thread, which makes the calls.
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes where it is told.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}

/// Wall and processor time of so many turns, in microseconds a turn.
fn measure(turns: u32, mut turn: impl FnMut() -> usize) -> (f64, f64) {
    let (began, processor_before) = (Instant::now(), processor_time());
    for _ in 0..turns {
        black_box(turn());
    }
    let per_turn = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(turns);
    (
        per_turn(began.elapsed()),
        per_turn(processor_time() - processor_before),
    )
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .unwrap_or_else(|| "target/release/libpolyai_chat.so".to_owned());
    let mut number = |default| {
        arguments
            .next()
            .map_or(default, |text| text.parse().unwrap())
    };
    let (rounds, turns) = (number(31), number(1_000));

    let simulator = Simulator::builder().start().unwrap();
    // SAFETY: it has no constructor of its own.
    let library = unsafe { Library::new(&path) }.unwrap();
    let c = ByC::new(&library, &simulator);
    let core = by_core(&simulator);
    let mut turn_by_c = || c.turn();
    let mut turn_by_core = || core.respond(MESSAGE).unwrap().response().len();
    measure(turns, &mut turn_by_core);
    measure(turns, &mut turn_by_c);

    let (mut walls, mut processors) = (Vec::new(), Vec::new());
    let (mut core_walls, mut core_processors) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Who is first changes, so that neither always runs on the warmer machine.
        let (by_core, by_c) = if round % 2 == 0 {
            let by_core = measure(turns, &mut turn_by_core);
            (by_core, measure(turns, &mut turn_by_c))
        } else {
            let by_c = measure(turns, &mut turn_by_c);
            (measure(turns, &mut turn_by_core), by_c)
        };
        walls.push(by_c.0 / by_core.0);
        processors.push(by_c.1 / by_core.1);
        core_walls.push(by_core.0);
        core_processors.push(by_core.1);
    }
    println!(
        "a turn by the core: {:.1} us, {:.1} us of processor time",
        median(core_walls),
        median(core_processors)
    );
    println!(
        "by the C ABI beside it: {:.3} times the time, {:.3} times the processor time (medians of {rounds} rounds of {turns} turns)",
        median(walls),
        median(processors)
    );
    let checks = 1_000_000;
    println!(
        "a call that only checks its handle: {:.0} ns",
        measure(checks, || c.state()).0 * 1e3
    );
}
