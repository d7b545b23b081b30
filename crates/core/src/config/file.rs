//! Profiles of a TOML file: one table a profile, one key an option.

use super::config::Config;
use super::options::{OptionSpec, unknown_option};
use super::source::{Origin, Setting, wrong_value};
use crate::foundation::sys::places::{CONFIGURATION_VARIABLES, configuration_directory, variable};
use crate::model::Error;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

/// The profile that is meant when none is named.
const DEFAULT_PROFILE: &str = "default";

impl Config {
    /// Adds a profile of the user's configuration file: `$POLYAI_CONFIG_FILE`, else
    /// `$XDG_CONFIG_HOME/polyai/config.toml`, else `~/.config/polyai/config.toml`, on Windows
    /// `%APPDATA%\polyai\config.toml`. Without a name it is the profile
    /// `default`, and nothing happens where there is no such file or profile. Since 0.1.0.
    ///
    /// ```toml
    /// [default]
    /// region = "uk"
    /// account_id = "acme-uk"
    ///
    /// [staging]
    /// base_url = "https://staging.example"
    /// timeout_ms = 10000
    /// ```
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration): the named file or profile is not there, cannot be read, or
    /// holds something wrong, with the line.
    #[inline]
    pub fn with_profile(self, name: Option<&str>) -> Result<Self, Error> {
        let Some((file, named)) = configuration_file() else {
            return match name {
                None => Ok(self),
                Some(name) => Err(Error::configuration(format!(
                    "there is no profile {name:?}: neither {CONFIGURATION_VARIABLES} is set"
                ))),
            };
        };
        if name.is_none() && !named && !file.exists() {
            return Ok(self);
        }
        self.with_profile_from(&file, name)
    }

    /// Adds a profile of this file, or its profile `default`, if it has one, when no name is given. Reads nothing of
    /// the environment. Since 0.1.0.
    ///
    /// # Errors
    /// As [`with_profile`](Self::with_profile).
    #[inline]
    pub fn with_profile_from(mut self, file: &Path, name: Option<&str>) -> Result<Self, Error> {
        let text = std::fs::read_to_string(file)
            .map(Zeroizing::new)
            .map_err(|error| {
                Error::configuration(format!("{} cannot be read: {error}", file.display()))
                    .with_source(error)
            })?;
        self.profile = read_profile(&text, file, name)?;
        Ok(self)
    }
}

/// The file, and whether `POLYAI_CONFIG_FILE` names it.
fn configuration_file() -> Option<(PathBuf, bool)> {
    if let Some(file) = variable("POLYAI_CONFIG_FILE") {
        return Some((file, true));
    }
    let directory = configuration_directory()?;
    Some((directory.join("polyai").join("config.toml"), false))
}

#[inline]
fn read_profile(
    text: &str,
    file: &Path,
    name: Option<&str>,
) -> Result<BTreeMap<&'static str, Setting>, Error> {
    let at = |offset: usize, problem: &str| {
        Error::configuration(format!(
            "{}, line {}: {problem}",
            file.display(),
            line_of(text, offset)
        ))
    };
    let profiles = DeTable::parse(text)
        .map_err(|error| at(error.span().map_or(0, |span| span.start), error.message()))?;
    let mut chosen = BTreeMap::new();
    let mut found = false;
    let wanted = name.unwrap_or(DEFAULT_PROFILE);
    for (profile, content) in profiles.get_ref() {
        let DeValue::Table(table) = content.get_ref() else {
            return Err(at(
                profile.span().start,
                &format!(
                    "{:?} stands outside a profile; begin one with [default] above it",
                    profile.get_ref()
                ),
            ));
        };
        if profile.get_ref() != wanted {
            continue;
        }
        found = true;
        for (key, value) in table {
            let option = OptionSpec::find(key.get_ref())
                .ok_or_else(|| at(key.span().start, &unknown_option(key.get_ref())))?;
            let origin = Origin::Profile {
                file: file.to_owned(),
                profile: wanted.to_owned(),
                line: line_of(text, key.span().start),
            };
            let value = plain_text(value)
                .and_then(|text| option.kind.parse(&text))
                .map_err(|problem| wrong_value(option.name, &origin, &problem))?;
            chosen.insert(option.name, Setting { value, origin });
        }
    }
    if !found && name.is_some() {
        let known: Vec<_> = profiles
            .get_ref()
            .keys()
            .map(|key| key.get_ref().as_ref())
            .collect();
        return Err(Error::configuration(format!(
            "{} has no profile {wanted:?}; it has {}",
            file.display(),
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        )));
    }
    Ok(chosen)
}

fn plain_text(value: &Spanned<DeValue<'_>>) -> Result<Zeroizing<String>, String> {
    let text = match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            Err("must be a text in quotes, a whole number, true or false".to_owned())
        }
    };
    text.map(Zeroizing::new)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, name: Option<&str>) -> Result<Vec<&'static str>, String> {
        read_profile(text, Path::new("config.toml"), name)
            .map(|settings| settings.into_keys().collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_profile_is_one_table() {
        let text =
            "[default]\nregion = \"uk\"\n[staging]\ntimeout_ms = 5\nallow_plain_http = true\n";
        assert_eq!(read(text, None), Ok(vec!["region"]));
        assert_eq!(
            read(text, Some("staging")),
            Ok(vec!["allow_plain_http", "timeout_ms"])
        );
        assert_eq!(read("", None), Ok(vec![]));
    }

    #[test]
    fn errors_are_named_with_their_line() {
        for (text, name, expected) in [
            ("[default]\nregion = uk\n", None, "line 2"),
            (
                "[default]\n\nregoin = \"uk\"\n",
                None,
                "line 3: unknown option \"regoin\"",
            ),
            (
                "region = \"uk\"\n",
                None,
                "line 1: \"region\" stands outside a profile",
            ),
            (
                "[default]\ntimeout_ms = 0\n",
                None,
                "line 2): 0 must be from 1",
            ),
            (
                "[default]\ntimeout_ms = 1.5\n",
                None,
                "line 2): must be a text",
            ),
            ("[a]\n[b]\n", Some("c"), "no profile \"c\"; it has a, b"),
            (
                "[default]\napi_key = \"canary\\n\"\n",
                None,
                "line 2): holds a line break",
            ),
        ] {
            let error = read(text, name).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_syntax_error_does_not_show_the_line_it_is_in() {
        let error = read("[default]\napi_key = \"canary\n", None).unwrap_err();
        assert!(
            error.contains("line 2") && !error.contains("canary"),
            "{error}"
        );
    }
}
