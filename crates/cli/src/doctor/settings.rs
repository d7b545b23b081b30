//! Which options are set, and by what.

use crate::sys::own_files::shared_with_others;
use polyai_chat_core::{Config, OptionSpec, Origin, SettingDescription};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// These are one choice: the strongest source that makes it decides.
const ENDPOINT: [&str; 3] = ["region", "base_url", "studio_url"];

/// An option that is set; a secret's value is `set`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Setting {
    name: &'static str,
    value: String,
    source: String,
    /// Whether it has an effect.
    used: bool,
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} = {} ({})",
            self.name, self.value, self.source
        )?;
        match self.used {
            true => Ok(()),
            false => {
                formatter.write_str("; without effect: a stronger source says where the service is")
            }
        }
    }
}

/// What is set, in the order of the table of options.
pub(super) fn used(config: &Config) -> Vec<Setting> {
    let described = config.describe();
    let strongest = described
        .iter()
        .filter(|setting| ENDPOINT.contains(&setting.name))
        .map(strength)
        .max()
        .unwrap_or_default();
    described
        .iter()
        .filter(|setting| setting.origin != Origin::Default)
        .map(|setting| Setting {
            name: setting.name,
            value: setting.value.clone().unwrap_or_default(),
            source: setting.origin.to_string(),
            used: !ENDPOINT.contains(&setting.name) || strength(setting) == strongest,
        })
        .collect()
}

/// The value that holds for an option.
pub(super) fn value(config: &Config, name: &str) -> Option<String> {
    config
        .describe()
        .into_iter()
        .find(|setting| setting.name == name)?
        .value
}

/// The deadline of a call.
pub(super) fn timeout(config: &Config) -> Duration {
    let milliseconds = value(config, "timeout_ms").and_then(|text| text.parse().ok());
    Duration::from_millis(milliseconds.unwrap_or(30_000))
}

/// A file with a secret that others than its owner may read, in words, and the file itself.
pub(super) fn readable_by_others(config: &Config) -> Option<(String, PathBuf)> {
    let described = config.describe();
    let (name, file) = described.iter().find_map(|setting| {
        let is_secret = OptionSpec::find(setting.name).is_some_and(OptionSpec::is_secret);
        let has_login = setting.value.as_ref()?.contains("***@");
        match &setting.origin {
            Origin::Profile { file, .. } if is_secret || has_login => Some((setting.name, file)),
            _ => None,
        }
    })?;
    let how = shared_with_others(file)?;
    let words = format!(
        "{} holds {name}, and not only its owner may read it ({how})",
        file.display()
    );
    Some((words, file.clone()))
}

fn strength(setting: &SettingDescription) -> u8 {
    match setting.origin {
        Origin::Explicit => 3,
        Origin::Environment(_) => 2,
        Origin::Profile { .. } => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_only_said_to_be_set() {
        let config = Config::new().api_key("canary").region("uk");
        let lines: Vec<String> = used(&config).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "api_key = set (given explicitly)",
                "region = uk (given explicitly)"
            ]
        );
    }
}
