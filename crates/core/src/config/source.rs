//! The value of an option, and where it came from.

use crate::foundation::secret::Secret;
use crate::model::Error;
use serde_json::json;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where the value of an option came from. Since 0.1.0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The program said so.
    Explicit,
    /// This environment variable.
    Environment(String),
    /// A profile of a configuration file.
    Profile {
        /// The file.
        file: PathBuf,
        /// The profile's name.
        profile: String,
        /// The line of the file, counted from 1.
        line: usize,
    },
    /// Nothing set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit => formatter.write_str("given explicitly"),
            Self::Environment(variable) => write!(formatter, "environment variable {variable}"),
            Self::Profile {
                file,
                profile,
                line,
            } => {
                write!(
                    formatter,
                    "profile {profile:?} in {}, line {line}",
                    file.display()
                )
            }
            Self::Default => formatter.write_str("default"),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// What is stored for an option that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Secret(Secret),
    Flag(bool),
    Number(u64),
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Number(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// What holds for one option, and why. Since 0.1.0.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingDescription {
    /// The option.
    pub name: &'static str,
    /// Its value as text; `set` for a secret and for PEM, a URL without its credentials; `None` when it is not set and
    /// has no default.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: Origin,
}

impl SettingDescription {
    /// All of it as a JSON object. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        json!({ "name": self.name, "value": self.value, "origin": self.origin.to_string() })
    }
}

/// The error that blames an option and its source.
pub(super) fn wrong_value(name: &str, origin: &Origin, problem: &str) -> Error {
    Error::configuration(format!("{name} ({origin}): {problem}"))
}

/// The error of options that exclude each other.
pub(super) fn one_choice(several: &[(&str, &Setting)]) -> Error {
    let named: Vec<String> = several
        .iter()
        .map(|(name, setting)| format!("{name} ({})", setting.origin))
        .collect();
    Error::configuration(format!(
        "set only one of {}; the same source sets more than one",
        named.join(" and ")
    ))
}
