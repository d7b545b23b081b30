//! Plays all cases in all languages.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of the front door"
)]

use clap::{Arg, ArgAction, Command, value_parser};
use polyai_chat_conformance::{Case, Family, Outcome, Report, Runner, case, families, run_case};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

struct Arguments {
    cases: PathBuf,
    runners: Vec<String>,
    only: String,
    first: bool,
    schema: bool,
    document: Option<PathBuf>,
}

fn arguments() -> Arguments {
    let mut found = Command::new("conformance")
        .about("Plays the conformance cases in each language that a runner is given for, and prints what came of them")
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
            Arg::new("schema")
                .long("schema")
                .action(ArgAction::SetTrue)
                .help("Prints the JSON Schema of the files of cases, and does nothing else"),
            Arg::new("document")
                .long("document")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Writes the table of languages and cases between the marks of this document"),
        ])
        .get_matches();
    Arguments {
        cases: found.remove_one("cases").unwrap_or_default(),
        runners: found.remove_many("runner").into_iter().flatten().collect(),
        only: found.remove_one("only").unwrap_or_default(),
        first: found.get_flag("first"),
        schema: found.get_flag("schema"),
        document: found.remove_one("document"),
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
    if arguments.schema {
        println!("{:#}", case::schema());
        return Ok(0);
    }
    let families = families(&arguments.cases)?;
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
    for (language, command) in &runners {
        let mut runner = Runner::start(language, command)?;
        for (family, case) in chosen(&families, &arguments.only) {
            let outcome = run_case(case, &mut runner);
            if let Outcome::Failed(wrong) = &outcome {
                println!("{language}: {}: {}", family.name, case.name);
                for line in wrong {
                    println!("    {line}");
                }
                if arguments.first {
                    return Ok(1);
                }
                // What is left of a failed case must not meet the next one.
                runner = Runner::start(language, command)?;
            }
            report.add(&family.name, &case.name, language, outcome);
        }
    }
    print!("{}", report.summary());
    if let Some(document) = &arguments.document {
        write_between_marks(document, &report.table(&families))?;
    }
    Ok(report.failed())
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
