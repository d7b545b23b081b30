//! Plays all cases in all languages.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of the front door"
)]

use clap::{Arg, ArgAction, Command, value_parser};
use polyai_chat_conformance::{Case, Family, Outcome, Played, Report, Runner, families, run_case};
use polyai_chat_core::{Closed, Greeting, Reply};
use polyai_chat_simulator::{Operation, ReceivedRequest};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// Most of what a case takes is waiting.
const LANGUAGES_AT_ONCE: usize = 3;

struct Arguments {
    cases: PathBuf,
    runners: Vec<String>,
    only: String,
    first: bool,
    document: Option<PathBuf>,
    requests: Option<PathBuf>,
}

fn arguments() -> Arguments {
    let mut found = Command::new("conformance")
        .about("Plays the conformance cases in each language that a runner is given for, and prints their outcomes")
        .args([
            Arg::new("cases")
                .long("cases")
                .value_name("DIRECTORY")
                .value_parser(value_parser!(PathBuf))
                .default_value("tests/conformance/cases")
                .help("The directory with the cases"),
            Arg::new("runner")
                .long("runner")
                .value_name("LANGUAGE=COMMAND")
                .action(ArgAction::Append)
                .help("A language and the command that runs its runner, words divided by spaces"),
            Arg::new("only")
                .long("only")
                .value_name("TEXT")
                .default_value("")
                .help("Only cases whose family or name holds this text"),
            Arg::new("first")
                .long("first")
                .action(ArgAction::SetTrue)
                .help("Stops at the first case that fails, and says nothing more"),
            Arg::new("document")
                .long("document")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Writes the table of languages and cases between the marks of this document"),
            Arg::new("requests")
                .long("requests")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Writes every request that the service received to this file, one JSON object a line"),
        ])
        .get_matches();
    Arguments {
        cases: found.remove_one("cases").unwrap_or_default(),
        runners: found.remove_many("runner").into_iter().flatten().collect(),
        only: found.remove_one("only").unwrap_or_default(),
        first: found.get_flag("first"),
        document: found.remove_one("document"),
        requests: found.remove_one("requests"),
    }
}

fn main() -> ExitCode {
    match run(&arguments()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<usize, String> {
    let families = families(&arguments.cases)?;
    if chosen(&families, &arguments.only).next().is_none() {
        return Err(format!("no case has {:?} in its name", arguments.only));
    }
    let runners = arguments
        .runners
        .iter()
        .map(|runner| {
            let (language, command) = runner
                .split_once('=')
                .ok_or_else(|| format!("{runner:?} is not LANGUAGE=COMMAND"))?;
            let command = command.split_whitespace().map(str::to_owned).collect();
            Ok((language.to_owned(), command))
        })
        .collect::<Result<Vec<(String, Vec<String>)>, String>>()?;
    let mut report = Report::new(
        runners
            .iter()
            .map(|(language, _)| language.clone())
            .collect(),
    );
    let mut requests = Requests::new(arguments.requests.as_deref())?;
    let next = Mutex::new(runners.iter());
    let in_turn = || {
        let mut played = Vec::new();
        loop {
            let Some((language, command)) = lock(&next).next() else {
                return Ok(played);
            };
            played.push((language, play_in(language, command, &families, arguments)?));
        }
    };
    let played = thread::scope(|scope| {
        let threads: Vec<_> = (0..LANGUAGES_AT_ONCE)
            .map(|_| scope.spawn(in_turn))
            .collect();
        let joined = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a thread that played cases has panicked".to_owned()))
        });
        joined.collect::<Result<Vec<_>, String>>()
    })?;
    for (language, played) in in_order(&runners, played.into_iter().flatten().collect()) {
        for (family, case, played) in played {
            requests.write(case, &played.requests)?;
            report.add(&family.name, &case.name, language, played.outcome);
        }
    }
    if arguments.first && report.failed() > 0 {
        return Ok(report.failed());
    }
    print!("{}", report.summary());
    if let Some(document) = &arguments.document {
        write_between_marks(document, &report.table(&families))?;
    }
    Ok(report.failed())
}

/// The outcome of the cases in one language.
type OfLanguage<'a> = Vec<(&'a Family, &'a Case, Played)>;

/// The languages in the order in which they were given, whichever was through first.
fn in_order<'a, 'b>(
    runners: &'a [(String, Vec<String>)],
    mut played: Vec<(&'a String, OfLanguage<'b>)>,
) -> Vec<(&'a String, OfLanguage<'b>)> {
    played.sort_by_key(|(language, _)| runners.iter().position(|(name, _)| name == *language));
    played
}

fn play_in<'a>(
    language: &str,
    command: &[String],
    families: &'a [Family],
    arguments: &'a Arguments,
) -> Result<OfLanguage<'a>, String> {
    let mut all = Vec::new();
    let mut runner = Runner::start(language, command)?;
    for (family, case) in chosen(families, &arguments.only) {
        let played = run_case(case, &mut runner);
        let failed = matches!(played.outcome, Outcome::Failed(_));
        if let Outcome::Failed(wrong) = &played.outcome {
            let wrong = wrong.iter().map(|line| format!("\n    {line}"));
            let seen = played.seen.iter().map(|line| format!("\n    seen: {line}"));
            println!(
                "{language}: {}: {}{}\n    alone: tests/conformance/run --only '{}'",
                family.name,
                case.name,
                wrong.chain(seen).collect::<String>(),
                case.name.replace('\'', r"'\''")
            );
        }
        all.push((family, case, played));
        if failed && arguments.first {
            break;
        }
        if failed {
            // What is left of a failed case must not meet the next one.
            runner = Runner::start(language, command)?;
        }
    }
    Ok(all)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn chosen<'a>(
    families: &'a [Family],
    only: &'a str,
) -> impl Iterator<Item = (&'a Family, &'a Case)> {
    families
        .iter()
        .flat_map(|family| family.cases.iter().map(move |case| (family, case)))
        .filter(move |(family, case)| family.name.contains(only) || case.name.contains(only))
}

fn write_between_marks(document: &Path, table: &str) -> Result<(), String> {
    const BEGIN: &str = "<!-- conformance: begin";
    const END: &str = "<!-- conformance: end -->";
    let wrong = |what: &dyn std::fmt::Display| format!("{}: {what}", document.display());
    let text = std::fs::read_to_string(document).map_err(|error| wrong(&error))?;
    let (before, rest) = text
        .split_once(BEGIN)
        .ok_or_else(|| wrong(&"has no mark to begin at"))?;
    let (mark, rest) = rest
        .split_once('\n')
        .ok_or_else(|| wrong(&"ends at its mark"))?;
    let (_, after) = rest
        .split_once(END)
        .ok_or_else(|| wrong(&"has no mark to end at"))?;
    let text = format!("{before}{BEGIN}{mark}\n{table}\n{END}{after}");
    std::fs::write(document, text).map_err(|error| wrong(&error))
}

/// The file of requests, for who checks them against a description of the service. Its first line says which fields of the
/// answers the core knows.
struct Requests(Option<BufWriter<File>>);

impl Requests {
    fn new(file: Option<&Path>) -> Result<Self, String> {
        let Some(file) = file else {
            return Ok(Self(None));
        };
        let opened = File::create(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut requests = Self(Some(BufWriter::new(opened)));
        requests.line(&json!({
            "create": Greeting::FIELDS, "respond": Reply::FIELDS, "close": Closed::FIELDS,
        }))?;
        Ok(requests)
    }

    fn write(&mut self, case: &Case, received: &[ReceivedRequest]) -> Result<(), String> {
        let extra: Vec<&String> = case
            .steps
            .iter()
            .filter_map(|step| step.with.get("extra")?.as_object())
            .flat_map(Map::keys)
            .collect();
        for request in received {
            self.line(&json!({
                "case": case.name,
                "dialect": case.dialect,
                "extra": extra,
                "method": request.method,
                "operation": request.operation.map(Operation::name),
                "headers": request.redacted_headers(),
                "body": request.json(),
            }))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Value) -> Result<(), String> {
        match &mut self.0 {
            Some(file) => writeln!(file, "{line}").map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}
