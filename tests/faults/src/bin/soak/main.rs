//! Hundreds of conversations under random faults, and then the comparison: what the clients believe against what the
//! server counted, to the last turn.
//!
//! The run is made of rounds. Each has a client and a simulator of its own for plain HTTP and for TLS; when it ends, all
//! of them go, and what is left of threads, sockets and memory is measured. Exits with 1 when anything disagrees.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program that reports"
)]

mod arguments;
mod caller;
mod chance;
mod faults;
mod ledger;
mod overshoot;
mod questions;
mod remains;
mod report;
mod round;

use arguments::Arguments;
use questions::Questions;
use remains::Remains;
use report::Report;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Short enough that a simulator's memory of every turn stays small.
const LONGEST_ROUND: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let arguments = Arguments::from_command_line();
    match run(&arguments) {
        Ok(report) => {
            print!("{report}");
            match report.agrees() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Err(problem) => {
            eprintln!("soak: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report, String> {
    let questions = match &arguments.questions {
        Some(file) => Questions::read(file)?,
        None => Questions::built_in(),
    };
    println!(
        "soak: {} conversations for {} s, seed {}, {} questions; simulator, no PolyAI service contacted",
        arguments.conversations,
        arguments.length.as_secs(),
        arguments.seed,
        questions.count()
    );
    let mut report = Report::new(Remains::now()?);
    let began = Instant::now();
    let rounds = arguments
        .length
        .as_secs()
        .div_ceil(LONGEST_ROUND.as_secs())
        .max(1);
    let each = arguments
        .length
        .checked_div(u32::try_from(rounds).map_err(|_| "too many seconds")?)
        .unwrap_or(LONGEST_ROUND);
    for number in 0..rounds {
        let seed = arguments.seed.wrapping_mul(1_000_003).wrapping_add(number);
        let outcome = round::run(arguments.conversations, each, seed, &questions)?;
        let remains = Remains::when_settled(report.before())?;
        println!(
            "round {} of {rounds}, {} s: {} turns, {} disagreements; left over: {remains}",
            number + 1,
            began.elapsed().as_secs(),
            outcome.tally.turns(),
            outcome.disagreements.len()
        );
        report.add(outcome, remains);
    }
    Ok(report)
}
