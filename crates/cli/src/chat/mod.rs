//! `chat`: one conversation, at the prompt or scripted.

mod history;
mod interactive;
mod lines;
mod messages;
mod output;
mod recording;
mod report;
mod scripted;
mod session;
mod termination;
mod transcript;

use crate::failure::Failure;
use crate::terminal;
use clap::ArgMatches;
use messages::Messages;
use output::Output;
use session::Session;

/// Runs the subcommand and returns the exit status.
pub(crate) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    if is_interactive(matches) {
        let session = Session::open(matches)?;
        let output = Output::open(matches, &session)?;
        return interactive::run(&session, output, matches);
    }
    if !matches.get_flag("json") {
        let session = Session::open(matches)?;
        let messages = Messages::open(matches)?;
        let output = Output::open(matches, &session)?;
        return scripted::run(&session, messages, output, matches);
    }
    // With --json there is one object on the output, also where nothing could be begun.
    let opened = Session::open(matches).and_then(|session| {
        let messages = Messages::open(matches)?;
        let output = Output::open(matches, &session)?;
        Ok((session, messages, output))
    });
    match opened {
        Ok((session, messages, output)) => scripted::run(&session, messages, output, matches),
        Err(failure) => {
            report::Report::of_failure(&failure).print()?;
            Err(failure)
        }
    }
}

/// Whether somebody is there to type the messages.
fn is_interactive(matches: &ArgMatches) -> bool {
    !matches.get_flag("json")
        && !matches.contains_id("message")
        && !matches.contains_id("no-message")
        && !matches.contains_id("input-file")
        && terminal::input_is_terminal()
}
