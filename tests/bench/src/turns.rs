//! What every program of the benchmark does, in Rust; `c/turns.c` is the same in C.
//!
//! `PROGRAM URL [--ca FILE] [--conversations N] [--first]` opens its conversations, prints `ready`, then makes as many turns
//! with each as its input says, one number a line, and answers each with a line of JSON: the median and the 99th
//! percentile of the wall time of a turn, and the processor time of one, in microseconds; and how many turns there were
//! in a second. Each conversation has a thread where there is more than one. With `--first` it prints the time of the
//! monotonic clock, in nanoseconds, when it has its first conversation, and ends.

use std::io::{BufRead, stdin};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Instant;

/// One conversation, by whichever way is measured.
pub(crate) trait Stack: Send + Sized + 'static {
    /// Opens a conversation. Those of one process share what the users of the stack would share.
    fn open(url: &str, ca_file: Option<&str>) -> Self;

    /// Makes a turn, and returns how many bytes the agent said.
    fn turn(&mut self) -> usize;
}

pub(crate) const MESSAGE: &str = "Where is my order?";
/// The length of what the server of the benchmark says, which each turn is compared with.
pub(crate) const REPLY_BYTES: usize = 96;
const STACK_BYTES: usize = 256 << 10;

struct Options {
    url: String,
    ca_file: Option<String>,
    conversations: usize,
    first: bool,
}

impl Options {
    fn read() -> Self {
        let mut arguments = std::env::args().skip(1);
        let mut options = Self {
            url: arguments.next().unwrap(),
            ca_file: None,
            conversations: 1,
            first: false,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--ca" => options.ca_file = arguments.next(),
                "--conversations" => {
                    options.conversations = arguments.next().unwrap().parse().unwrap();
                }
                "--first" => options.first = true,
                other => unreachable!("there is no option {other}"),
            }
        }
        options
    }
}

fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes where it is told.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

fn timed<S: Stack>(stack: &mut S, walls_ns: &mut [u64]) {
    for wall_ns in walls_ns {
        let began = Instant::now();
        let said = stack.turn();
        *wall_ns = u64::try_from(began.elapsed().as_nanos()).unwrap();
        // A stack that is fast because it fails would be of no interest.
        assert_eq!(said, REPLY_BYTES, "this is not the reply");
    }
}

fn report(walls_ns: &mut [u64], began_ns: u64, processor_before_ns: u64) {
    let (ended_ns, processor_ns) = (
        clock_ns(libc::CLOCK_MONOTONIC),
        clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID),
    );
    walls_ns.sort_unstable();
    let turns = walls_ns.len();
    let at = |hundredth: usize| {
        let index = (turns * hundredth / 100).min(turns - 1);
        as_f64(walls_ns.get(index).copied().unwrap()) / 1e3
    };
    println!(
        "{{\"wall_us\": {:.3}, \"p99_us\": {:.3}, \"cpu_us\": {:.3}, \"turns_per_s\": {:.1}}}",
        at(50),
        at(99),
        as_f64(processor_ns - processor_before_ns) / 1e3 / turns as f64,
        turns as f64 * 1e9 / as_f64(ended_ns - began_ns)
    );
}

fn as_f64(number: u64) -> f64 {
    number as f64
}

fn asked() -> impl Iterator<Item = usize> {
    let lines = stdin().lock().lines();
    lines.map(|line| line.unwrap().trim().parse().unwrap())
}

fn one<S: Stack>(mut stack: S) {
    println!("ready");
    for turns in asked() {
        let mut walls_ns = vec![0; turns];
        let (began, before) = (
            clock_ns(libc::CLOCK_MONOTONIC),
            clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID),
        );
        timed(&mut stack, &mut walls_ns);
        report(&mut walls_ns, began, before);
    }
}

fn many<S: Stack>(options: &Options) {
    let opened = Arc::new(Barrier::new(options.conversations + 1));
    let (walls, measured) = mpsc::channel();
    let mut questions = Vec::new();
    for _ in 0..options.conversations {
        let (question, asked) = mpsc::channel::<usize>();
        questions.push(question);
        let (url, ca_file) = (options.url.clone(), options.ca_file.clone());
        let (opened, walls) = (Arc::clone(&opened), walls.clone());
        let run = move || {
            let mut stack = S::open(&url, ca_file.as_deref());
            opened.wait();
            for turns in asked {
                let mut walls_ns = vec![0; turns];
                timed(&mut stack, &mut walls_ns);
                walls.send(walls_ns).unwrap();
            }
        };
        thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(run)
            .unwrap();
    }
    opened.wait();
    println!("ready");
    for turns in asked() {
        let (began, before) = (
            clock_ns(libc::CLOCK_MONOTONIC),
            clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID),
        );
        for question in &questions {
            question.send(turns).unwrap();
        }
        let walls = measured.iter().take(options.conversations);
        let mut walls_ns: Vec<u64> = walls.flatten().collect();
        report(&mut walls_ns, began, before);
    }
}

/// Is the whole of such a program.
pub(crate) fn run<S: Stack>() {
    let options = Options::read();
    if options.conversations > 1 {
        many::<S>(&options);
        return;
    }
    let stack = S::open(&options.url, options.ca_file.as_deref());
    if options.first {
        println!("{}", clock_ns(libc::CLOCK_MONOTONIC));
        return;
    }
    one(stack);
}
