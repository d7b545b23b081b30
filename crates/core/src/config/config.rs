//! What a client is made from: options, each with the source it came from.

use super::options::{OPTIONS, OptionSpec, unknown_option};
use super::source::{Origin, Setting, SettingDescription, Value, wrong_value};
use crate::foundation::clock::Clock;
use crate::model::{Attempt, Error};
use crate::observe::{Listeners, LogLevel, OfCall};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Options from up to three sources: what the program sets explicitly beats the environment, which beats a profile of
/// a file. Neither environment nor file is read unless asked for.
///
/// `region`, `base_url` and `studio_url` are one choice: two of them in one source is an error, and one in a stronger
/// source replaces those of the weaker ones.
///
/// ```
/// # fn main() -> Result<(), polyai_chat_core::Error> {
/// use polyai_chat_core::{Client, Config};
///
/// let client = Client::new(
///     Config::new()
///         .region("uk")
///         .account_id("acme-uk")
///         .project_id("acme-team-4")
///         .api_key("the-key")
///         .token("the-connector-token"),
/// )?;
/// # Ok(())
/// # }
/// ```
///
/// Since 0.1.0.
#[derive(Clone, Default)]
pub struct Config {
    pub(super) explicit: BTreeMap<&'static str, Setting>,
    pub(super) environment: BTreeMap<&'static str, Setting>,
    pub(super) profile: BTreeMap<&'static str, Setting>,
    pub(crate) listeners: Listeners,
    pub(super) clock: Clock,
}

impl Config {
    /// A configuration in which nothing is set. Since 0.1.0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A configuration from the environment variables `POLYAI_…`. Since 0.1.0.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) for a value that is wrong, with its variable.
    pub fn from_environment() -> Result<Self, Error> {
        Self::new().with_environment()
    }

    /// Adds what the environment variables `POLYAI_…` say, each named `POLYAI_` and the option in capitals. An empty
    /// variable counts as not set. Since 0.1.0.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) for a value that is wrong, with its variable.
    pub fn with_environment(mut self) -> Result<Self, Error> {
        for option in OPTIONS {
            let variable = option.environment_variable();
            let Some(raw) = std::env::var_os(&variable).filter(|raw| !raw.is_empty()) else {
                continue;
            };
            let origin = Origin::Environment(variable);
            let text = raw
                .into_string()
                .map(Zeroizing::new)
                .map_err(|_| wrong_value(option.name, &origin, "is not UTF-8"))?;
            let value = option
                .kind
                .parse(&text)
                .map_err(|problem| wrong_value(option.name, &origin, &problem))?;
            self.environment
                .insert(option.name, Setting { value, origin });
        }
        Ok(self)
    }

    /// Sets an option by its name, as if the program had given it explicitly. This is what a binding uses. Since 0.1.0.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for an unknown name,
    /// [`Configuration`](crate::ErrorKind::Configuration) for a value that is wrong. Nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let option =
            OptionSpec::find(name).ok_or_else(|| Error::invalid_argument(unknown_option(name)))?;
        let value = option
            .kind
            .parse(value)
            .map_err(|problem| wrong_value(option.name, &Origin::Explicit, &problem))?;
        self.explicit.insert(
            option.name,
            Setting {
                value,
                origin: Origin::Explicit,
            },
        );
        Ok(())
    }

    /// Calls `listener` after every attempt, on the thread of the call, inside the call, with no lock held. A panic in it
    /// is caught and ignored. Since 0.1.0.
    #[must_use]
    pub fn on_attempt(self, listener: impl Fn(&Attempt) + Send + Sync + 'static) -> Self {
        self.on_attempt_of_call(move |attempt, _| listener(attempt))
    }

    /// As [`on_attempt`](Self::on_attempt), with what the call was given for its listeners. For other languages.
    #[doc(hidden)]
    #[must_use]
    pub fn on_attempt_of_call(
        mut self,
        listener: impl Fn(&Attempt, OfCall<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.listeners.on_attempt = Some(Arc::new(listener));
        self
    }

    /// Calls `listener` with a line for a log after every attempt, as [`on_attempt`](Self::on_attempt) does. The line hides
    /// what the text of an [`Error`] hides. Since 0.1.0.
    #[must_use]
    pub fn on_log(self, listener: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        self.on_log_of_call(move |level, line, _| listener(level, line))
    }

    /// As [`on_log`](Self::on_log), with what the call was given for its listeners. For other languages.
    #[doc(hidden)]
    #[must_use]
    pub fn on_log_of_call(
        mut self,
        listener: impl Fn(LogLevel, &str, OfCall<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.listeners.on_log = Some(Arc::new(listener));
        self
    }

    /// Asks `wanted` whether the listener of [`on_log`](Self::on_log) wants a line of a level, before the line is put into
    /// words. Without it, it wants all of them. Called as the listener is; a panic in it counts as yes. Since 0.1.0.
    #[must_use]
    pub fn log_filter(mut self, wanted: impl Fn(LogLevel) -> bool + Send + Sync + 'static) -> Self {
        self.listeners.wants_log = Some(Arc::new(wanted));
        self
    }

    /// The clock that the client goes by. For tests of this library, which move it instead of waiting; no part of the public
    /// interface.
    #[doc(hidden)]
    #[must_use]
    pub fn clock(mut self, clock: &Clock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// The effective value of each option and its source, in the order of the table; secrets are shown as `set`. Since 0.1.0.
    #[must_use]
    pub fn describe(&self) -> Vec<SettingDescription> {
        OPTIONS
            .iter()
            .map(|option| match self.find(option.name) {
                Some(setting) => SettingDescription {
                    name: option.name,
                    value: Some(option.kind.shown(&setting.value)),
                    origin: setting.origin.clone(),
                },
                None => SettingDescription {
                    name: option.name,
                    value: option.default.map(str::to_owned),
                    origin: Origin::Default,
                },
            })
            .collect()
    }

    pub(crate) fn has_listeners(&self) -> bool {
        self.listeners.on_attempt.is_some() || self.listeners.on_log.is_some()
    }

    /// Whether the same holds for every option, wherever it came from.
    pub(crate) fn has_options_of(&self, other: &Self) -> bool {
        OPTIONS.iter().all(|option| {
            let [one, another] =
                [self, other].map(|config| config.find(option.name).map(|setting| &setting.value));
            one == another
        })
    }

    pub(super) fn with_explicit(mut self, name: &'static str, value: Value) -> Self {
        self.explicit.insert(
            name,
            Setting {
                value,
                origin: Origin::Explicit,
            },
        );
        self
    }

    /// The sources from the strongest to the weakest.
    pub(super) fn layers(&self) -> [&BTreeMap<&'static str, Setting>; 3] {
        [&self.explicit, &self.environment, &self.profile]
    }

    pub(super) fn find(&self, name: &str) -> Option<&Setting> {
        self.layers().into_iter().find_map(|layer| layer.get(name))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = formatter.debug_map();
        for option in OPTIONS {
            if let Some(setting) = self.find(option.name) {
                set.entry(&option.name, &option.kind.shown(&setting.value));
            }
        }
        set.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn an_unknown_option_and_a_wrong_value_are_different_errors() {
        let mut config = Config::new();
        let unknown = config.set("time_out", "1").unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::InvalidArgument);
        assert!(unknown.message().contains("timeout_ms"), "{unknown}");
        let wrong = config.set("timeout_ms", "soon").unwrap_err();
        assert_eq!(wrong.kind(), ErrorKind::Configuration);
        assert!(config.explicit.is_empty());
        config.set("timeout_ms", "5").unwrap();
    }

    #[test]
    fn neither_debug_nor_description_shows_a_secret() {
        let config = Config::new()
            .api_key("canary-key")
            .token("canary-token")
            .client_key_pem("canary\nkey")
            .proxy("http://sam:canary@proxy:3128")
            .base_url("https://sam:canary@chat.example/polyai")
            .user_agent("acme/1 (https://acme.example; ops@acme.example)");
        let text = format!("{config:?} {:?}", config.describe());
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("\"set\""), "{text}");
        for shown in [
            "http://***@proxy:3128",
            "https://***@chat.example/polyai",
            "https://acme.example; ops@acme.example",
        ] {
            assert!(text.contains(shown), "{text}");
        }
    }
}
