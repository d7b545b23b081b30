//! The configuration of a client: flags, then the environment, then a profile.

use crate::arguments::explicit_options;
use crate::failure::Failure;
use crate::keys;
use clap::ArgMatches;
use polyai_chat_core::Config;

/// Names the profile, where no flag does.
const PROFILE_VARIABLE: &str = "POLYAI_PROFILE";

/// Everything that is configured for the real service.
pub(crate) fn from_all_sources(matches: &ArgMatches) -> Result<Config, Failure> {
    let named = matches.get_one::<String>("profile").cloned();
    let profile = match named {
        Some(name) => Some(name),
        None => match std::env::var(PROFILE_VARIABLE) {
            Ok(name) if name.is_empty() => None,
            Ok(name) => Some(name),
            Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(Failure::argument(format!(
                    "{PROFILE_VARIABLE} is not UTF-8"
                )));
            }
        },
    };
    let mut config = Config::new()
        .with_profile(profile.as_deref())?
        .with_environment()?;
    add_explicit(&mut config, matches)?;
    keys::add(&mut config, matches)?;
    Ok(config)
}

/// What the flags say.
pub(crate) fn add_explicit(config: &mut Config, matches: &ArgMatches) -> Result<(), Failure> {
    for (name, value) in explicit_options(matches) {
        config.set(name, &value)?;
    }
    Ok(())
}
