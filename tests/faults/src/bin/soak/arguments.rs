//! What the command line says.

use clap::{Arg, Command, value_parser};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) struct Arguments {
    pub(crate) length: Duration,
    pub(crate) conversations: usize,
    pub(crate) seed: u64,
    pub(crate) questions: Option<PathBuf>,
}

impl Arguments {
    /// Ends the program with a message when they are wrong.
    pub(crate) fn from_command_line() -> Self {
        let number = |name: &'static str, default: &'static str, help: &'static str| {
            Arg::new(name)
                .long(name)
                .value_name("N")
                .default_value(default)
                .help(help)
        };
        let mut matches = Command::new("soak")
            .about("Holds many conversations with a simulator that misbehaves, and compares both sides' books")
            .arg(
                number("seconds", "600", "How long")
                    .value_parser(value_parser!(u64).range(1..=1_000_000)),
            )
            .arg(
                number("conversations", "200", "How many at the same time")
                    .value_parser(value_parser!(u64).range(1..=5_000)),
            )
            .arg(
                number("seed", "1", "Chooses faults, questions and pauses")
                    .value_parser(value_parser!(u64)),
            )
            .arg(
                Arg::new("questions")
                    .long("questions")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .help("What callers say, one a line; a few built-in questions otherwise"),
            )
            .get_matches();
        let mut take = |name| matches.remove_one::<u64>(name).unwrap_or_default();
        Self {
            length: Duration::from_secs(take("seconds")),
            conversations: usize::try_from(take("conversations")).unwrap_or(usize::MAX),
            seed: take("seed"),
            questions: matches.remove_one("questions"),
        }
    }
}
