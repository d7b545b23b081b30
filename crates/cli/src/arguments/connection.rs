//! Where to connect and how: one flag for every option of the core's table that is no secret, and where the secrets are.

use super::duration;
use clap::{Arg, ArgAction, ArgMatches};
use polyai_chat_core::{OPTIONS, OptionKind, OptionSpec};
use std::time::Duration;

const HEADING: &str = "Service options (each also in the environment and in a profile)";

/// What every subcommand that talks to the service takes.
pub(super) fn arguments() -> Vec<Arg> {
    let mut arguments: Vec<Arg> = OPTIONS
        .iter()
        .filter(|option| !option.is_secret())
        .map(argument)
        .collect();
    arguments.extend([
        Arg::new("profile")
            .long("profile")
            .value_name("NAME")
            .help("A profile of the configuration file [default: POLYAI_PROFILE, else \"default\" if there is one]")
            .help_heading(HEADING),
        descriptor("key-fd", "Reads the API key from this file descriptor"),
        descriptor(
            "token-fd",
            "Reads the connector token from this file descriptor; with the number of --key-fd, its second line",
        ),
        Arg::new("prompt-keys")
            .long("prompt-keys")
            .action(ArgAction::SetTrue)
            .conflicts_with_all(["key-fd", "token-fd"])
            .help("Asks for API key and connector token on the terminal, without showing them")
            .help_heading(HEADING),
    ]);
    arguments
}

/// What was given for options of the table, by their names.
pub(crate) fn explicit_options(matches: &ArgMatches) -> Vec<(&'static str, String)> {
    OPTIONS
        .iter()
        .filter(|option| !option.is_secret())
        .filter_map(|option| {
            let value = if is_time(option) {
                let time = matches.get_one::<Duration>(option.name)?;
                time.as_millis().to_string()
            } else {
                matches.get_one::<String>(option.name)?.clone()
            };
            Some((option.name, value))
        })
        .collect()
}

/// The flag of an option: its name with hyphens, without the unit that is part of a time's value here.
fn flag_name(option: &OptionSpec) -> String {
    let name = if is_time(option) {
        option.name.strip_suffix("_ms").unwrap_or(option.name)
    } else {
        option.name
    };
    name.replace('_', "-")
}

fn is_time(option: &OptionSpec) -> bool {
    option.unit == "ms"
}

fn argument(option: &'static OptionSpec) -> Arg {
    let default = match option.default {
        Some(milliseconds) if is_time(option) => {
            format!(" [default: {}]", in_seconds(milliseconds))
        }
        Some(default) => format!(" [default: {default}]"),
        None => String::new(),
    };
    let argument = Arg::new(option.name)
        .long(flag_name(option))
        .help(format!(
            "{}{default} [env: {}]",
            option.summary.replace('`', ""),
            option.environment_variable()
        ))
        .help_heading(HEADING);
    if is_time(option) {
        return argument.value_name("TIME").value_parser(duration::parse);
    }
    match option.kind {
        OptionKind::Flag => argument
            .value_name("true|false")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        OptionKind::Choice(words) => argument.value_name(words.join("|")),
        OptionKind::Path => argument.value_name("FILE"),
        OptionKind::Number { .. } => argument.value_name("NUMBER"),
        _ => argument.value_name(if option.name.ends_with("_url") {
            "URL"
        } else {
            "TEXT"
        }),
    }
}

/// Milliseconds as they would be written here.
fn in_seconds(milliseconds: &str) -> String {
    match milliseconds.strip_suffix("000") {
        Some(seconds) => format!("{seconds}s"),
        None => format!("{milliseconds}ms"),
    }
}

/// The number is checked where it is used: if a user confuses it with the key itself, the key must not appear in an error.
fn descriptor(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("NUMBER")
        .allow_hyphen_values(true)
        .help(help)
        .help_heading(HEADING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polyai_chat_core::Config;

    /// A value that the option accepts, as it is written on the command line.
    fn example(option: &OptionSpec) -> String {
        match (option.kind, option.default) {
            (_, Some(default)) if is_time(option) => in_seconds(default),
            (_, Some(default)) => default.to_owned(),
            (_, None) if is_time(option) => "1s".to_owned(),
            (OptionKind::Number { minimum, .. }, None) => minimum.to_string(),
            (OptionKind::Flag, None) => "true".to_owned(),
            (OptionKind::Choice(words), None) => words[0].to_owned(),
            (_, None) => "example".to_owned(),
        }
    }

    #[test]
    fn every_option_but_the_secret_ones_has_a_flag_that_sets_it() {
        for subcommand in [super::super::CHAT, super::super::DOCTOR] {
            for option in OPTIONS {
                let flag = format!("--{}={}", flag_name(option), example(option));
                let parsed = super::super::command().try_get_matches_from([
                    "polyai-chat",
                    subcommand,
                    &flag,
                ]);
                if option.is_secret() {
                    // Refused as unknown, or recognised in order to explain why it is refused.
                    let given = parsed.map(|matches| {
                        matches
                            .subcommand()
                            .map(|(_, matches)| explicit_options(matches))
                    });
                    assert!(
                        given.is_err() || given.is_ok_and(|given| given == Some(Vec::new())),
                        "{flag}"
                    );
                    continue;
                }
                let matches = parsed.unwrap_or_else(|error| panic!("{flag}: {error}"));
                let (_, matches) = matches.subcommand().unwrap();
                let given = explicit_options(matches);
                assert_eq!(given.len(), 1, "{flag}");
                let mut config = Config::new();
                for (name, value) in given {
                    assert_eq!(name, option.name);
                    config.set(name, &value).unwrap();
                }
            }
        }
    }

    #[test]
    fn no_secret_option_has_a_flag_of_its_own() {
        let arguments = arguments();
        for option in OPTIONS.iter().filter(|option| option.is_secret()) {
            assert!(
                !arguments
                    .iter()
                    .any(|argument| argument.get_id() == option.name)
            );
        }
    }

    #[test]
    fn an_error_about_a_descriptor_does_not_repeat_what_was_given() {
        for flag in ["--key-fd", "--token-fd"] {
            let outcome = super::super::command().try_get_matches_from([
                "polyai-chat",
                "chat",
                flag,
                "canary",
            ]);
            assert!(outcome.is_ok());
        }
    }
}
