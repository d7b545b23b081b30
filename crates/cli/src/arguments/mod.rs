//! The arguments of the program. What each means is said here once; `--help` shows it.

mod chat;
mod connection;
mod duration;

use clap::{Arg, ArgMatches, Command};

pub(crate) use connection::explicit_options;

pub(crate) const CHAT: &str = "chat";
pub(crate) const DOCTOR: &str = "doctor";
pub(crate) const SIMULATOR: &str = "simulator";

/// The names under which people look for a way to hand over a key.
const REFUSED: [&str; 2] = ["api-key", "token"];

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("polyai-chat")
        .version(polyai_chat_core::VERSION)
        .about("Holds conversations with a PolyAI agent over the Chat API")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args(REFUSED.map(refused))
        .subcommand(chat::command())
        .subcommand(doctor())
        .subcommand(simulator())
        .after_help(crate::exit_status::table())
}

/// Why the arguments are refused, if a key or token is among them. The value is not repeated.
pub(crate) fn secret_in_arguments(matches: &ArgMatches) -> Option<&'static str> {
    let mut level = Some(matches);
    while let Some(matches) = level {
        if REFUSED.iter().any(|name| matches.contains_id(name)) {
            return Some(
                "keys are not taken from arguments: every user of this machine can read those, and the shell keeps \
                 them in its history. Set POLYAI_API_KEY and POLYAI_TOKEN, put api_key and token into a profile \
                 (--profile), read them from file descriptors (--key-fd N, --token-fd N), or type them \
                 (--prompt-keys). A key that was given just now should be replaced",
            );
        }
        level = matches.subcommand().map(|(_, matches)| matches);
    }
    None
}

fn refused(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .num_args(0..=1)
        .allow_hyphen_values(true)
        .global(true)
        .hide(true)
}

fn doctor() -> Command {
    Command::new(DOCTOR)
        .about("Checks configuration, network and credentials step by step, with suggested fixes")
        .long_about(
            "Checks, one line each: the configuration and where each part of it comes from, name resolution, \
             connection, TLS, clock, and whether key, token, account, project and region are accepted. Nothing is \
             created unless --create is given: it asks the service about a conversation that cannot exist.",
        )
        .arg(switch("create", "Also creates a conversation, and closes it again"))
        .arg(switch("json", "Prints one JSON object"))
        .args(connection::arguments())
        .after_help(crate::exit_status::table())
}

fn simulator() -> Command {
    Command::new(SIMULATOR)
        .about("Runs a local simulator of the service until Ctrl-C")
        .long_about(
            "Runs a local simulator of the service until Ctrl-C. The first line of its output is its \
             URL; what follows can be pasted into a shell to let a client talk to it.",
        )
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDRESS")
                .default_value("127.0.0.1:0")
                .value_parser(clap::value_parser!(std::net::SocketAddr))
                .help("The address and port; port 0 takes a free one"),
        )
        .arg(
            Arg::new("script")
                .long("script")
                .value_name("FILE")
                .value_parser(clap::value_parser!(std::path::PathBuf))
                .help("What the agent says: a TOML file (default: a returns and billing agent)"),
        )
        .arg(
            Arg::new("print-script")
                .long("print-script")
                .action(clap::ArgAction::SetTrue)
                .help("Prints the built-in script, a good start for your own, and does nothing else"),
        )
        .arg(
            Arg::new("dialect")
                .long("dialect")
                .value_name("DIALECT")
                .value_parser(["current", "legacy"])
                .help("Which of the service's two published dialects it speaks [default: that of the script, else current]"),
        )
        .arg(
            Arg::new("idle-limit")
                .long("idle-limit")
                .value_name("TIME")
                .value_parser(duration::parse)
                .help("How long a conversation may be idle before it is over, such as 60s (default: for ever)"),
        )
        .arg(switch("tls", "Serves TLS, with a certificate of its own making"))
        .arg(
            Arg::new("ca-out")
                .long("ca-out")
                .value_name("FILE")
                .requires("tls")
                .value_parser(clap::value_parser!(std::path::PathBuf))
                .help("Writes the certificate that a client has to trust to this PEM file"),
        )
        .after_help(crate::exit_status::table())
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .action(clap::ArgAction::SetTrue)
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn a_key_is_noticed_wherever_it_stands() {
        for line in [
            ["polyai-chat", "--api-key", "canary", "chat"],
            ["polyai-chat", "chat", "--api-key", "canary"],
            ["polyai-chat", "chat", "--token=canary", "--json"],
            ["polyai-chat", "doctor", "--json", "--token"],
        ] {
            let matches = command().try_get_matches_from(line).unwrap();
            let refusal = secret_in_arguments(&matches).unwrap();
            assert!(!refusal.contains("canary"), "{refusal}");
        }
        let matches = command()
            .try_get_matches_from(["polyai-chat", "chat"])
            .unwrap();
        assert_eq!(secret_in_arguments(&matches), None);
    }
}
