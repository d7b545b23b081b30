//! The command line `polyai-chat`, as a library: `chat` holds a conversation, `doctor` checks a configuration,
//! `simulator` runs a local simulator of the service.
//!
//! ```
//! // What `polyai-chat chat --simulator --json -m Hello` does.
//! let status = polyai_chat_cli::run(["polyai-chat", "chat", "--simulator", "--json", "-m", "Hello"]);
//! assert_eq!(status, 0);
//! ```

mod arguments;
mod chat;
mod configuration;
mod doctor;
mod exit_status;
mod failure;
mod interrupt;
mod keys;
mod simulator;
mod sys;
mod terminal;
mod waiting;

use failure::Failure;
use std::ffi::OsString;

/// Runs the program with these arguments, its own name first, and returns its exit status.
///
/// It reads and writes the standard streams, reads the environment, and watches signals while a conversation is under
/// way; a program that embeds it should have nothing else to do meanwhile. Since 0.1.0.
pub fn run<Argument>(arguments: impl IntoIterator<Item = Argument>) -> u8
where
    Argument: Into<OsString> + Clone,
{
    let matches = match arguments::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // A closed stream is no reason to say more: there is nobody to say it to.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(exit_status::USAGE);
        }
    };
    if let Some(refusal) = arguments::secret_in_arguments(&matches) {
        terminal::complain(refusal);
        return exit_status::USAGE;
    }
    let outcome = match matches.subcommand() {
        Some((arguments::CHAT, matches)) => chat::run(matches),
        Some((arguments::DOCTOR, matches)) => doctor::run(matches),
        Some((arguments::SIMULATOR, matches)) => simulator::run(matches),
        // The parser accepts no other.
        _ => Ok(exit_status::USAGE),
    };
    outcome.unwrap_or_else(|failure| {
        if !matches!(failure, Failure::OutputClosed) {
            terminal::complain(&failure.to_string());
        }
        failure.exit_status()
    })
}
