//! Key and token from where no other user of the machine can see them.

use crate::failure::Failure;
use crate::sys::descriptors;
use clap::ArgMatches;
use polyai_chat_core::Config;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// More than any key, so that a wrong descriptor cannot fill the memory.
const LONGEST: u64 = 64 * 1024;

/// Adds key and token to the configuration, if the command line says where they are.
pub(crate) fn add(config: &mut Config, matches: &ArgMatches) -> Result<(), Failure> {
    if matches.get_flag("prompt-keys") {
        config.set("api_key", &ask("API key")?)?;
        config.set("token", &ask("Connector token")?)?;
        return Ok(());
    }
    let key_fd = descriptor(matches, "key-fd")?;
    let token_fd = descriptor(matches, "token-fd")?;
    if let (Some(key_fd), Some(token_fd)) = (key_fd, token_fd)
        && key_fd == token_fd
    {
        let mut lines = open("key-fd", key_fd)?;
        config.set("api_key", &read_line("key-fd", &mut lines)?)?;
        config.set("token", &read_line("token-fd", &mut lines)?)?;
        return Ok(());
    }
    for (name, option, descriptor) in [
        ("key-fd", "api_key", key_fd),
        ("token-fd", "token", token_fd),
    ] {
        if let Some(descriptor) = descriptor {
            config.set(option, &read_line(name, &mut open(name, descriptor)?)?)?;
        }
    }
    Ok(())
}

fn ask(what: &str) -> Result<String, Failure> {
    rpassword::prompt_password(format!("{what}: ")).map_err(|error| match error.kind() {
        std::io::ErrorKind::Interrupted => Failure::Own {
            kind: polyai_chat_core::ErrorKind::Cancelled,
            message: "interrupted while asking for the keys".to_owned(),
        },
        _ => Failure::argument(format!(
            "--prompt-keys needs a terminal to ask on ({error}); use the environment, a profile or --key-fd and --token-fd"
        )),
    })
}

fn descriptor(matches: &ArgMatches, name: &str) -> Result<Option<u32>, Failure> {
    let Some(text) = matches.get_one::<String>(name) else {
        return Ok(None);
    };
    // Not repeated: it may be the key itself.
    text.parse().map(Some).map_err(|_| {
        Failure::argument(format!(
            "--{name} takes the number of a file descriptor, such as 3 in `--{name} 3 3< file`"
        ))
    })
}

fn open(name: &str, descriptor: u32) -> Result<BufReader<std::io::Take<File>>, Failure> {
    let file = descriptors::open(descriptor).map_err(|error| {
        Failure::argument(format!("--{name} {descriptor}: it cannot be read: {error}"))
    })?;
    Ok(BufReader::new(file.take(LONGEST)))
}

fn read_line(name: &str, lines: &mut impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    lines
        .read_line(&mut line)
        .map_err(|error| Failure::argument(format!("--{name}: it cannot be read: {error}")))?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(Failure::argument(format!(
            "--{name}: there is nothing to read"
        )));
    }
    Ok(line.to_owned())
}
