//! The one table of options. Every other list of them is made from it or checked against it.

use super::config::Config;
use super::proxy;
use super::source::Value;
use crate::foundation::foreign_words::{MOST_NAME_BYTES, bounded};
use crate::foundation::secret::Secret;
use serde_json::json;
use std::time::Duration;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionKind {
    /// Any text.
    Text,
    /// A key or token: printable ASCII, never shown.
    Secret,
    /// Text of several lines, such as PEM; shown as `set`.
    Lines,
    /// Secret text of several lines, such as a private key in PEM; never shown.
    SecretLines,
    /// A URL. What stands before an `@` in it is refused, and never shown.
    Url,
    /// `none`, `environment`, or the URL of a proxy, whose user name and password are never shown.
    Proxy,
    /// A segment of the service's paths.
    Identifier,
    /// A path of a file.
    Path,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number within these bounds, both included.
    Number {
        /// The least that is accepted.
        minimum: u64,
        /// The most that is accepted.
        maximum: u64,
    },
}

/// One row of the table of options. Since 0.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptionSpec {
    /// The name, the same in every language. Times and sizes end in their unit.
    pub name: &'static str,
    /// What it takes.
    pub kind: OptionKind,
    /// What holds when it is not set, as text.
    pub default: Option<&'static str>,
    /// `ms`, `bytes`, or empty.
    pub unit: &'static str,
    /// What it is for.
    pub summary: &'static str,
}

impl OptionSpec {
    /// Whether its value is never shown.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, OptionKind::Secret | OptionKind::SecretLines)
    }

    /// The environment variable that sets it: `POLYAI_` and the name in capitals.
    #[must_use]
    pub fn environment_variable(&self) -> String {
        format!("POLYAI_{}", self.name.to_ascii_uppercase())
    }

    /// Finds an option by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.name == name)
    }
}

impl OptionSpec {
    /// All of it as a JSON object. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        json!({
            "name": self.name,
            "environment_variable": self.environment_variable(),
            "default": self.default,
            "unit": self.unit,
            "is_secret": self.is_secret(),
            "summary": self.summary,
        })
    }
}

macro_rules! setter_type {
    (duration) => { Duration };
    (number) => { u64 };
    (flag) => { bool };
    (text) => { impl Into<String> };
    (secret) => { impl Into<Secret> };
}

macro_rules! setter_value {
    (text, $value:ident) => {
        Value::Text($value.into())
    };
    (secret, $value:ident) => {
        Value::Secret($value.into())
    };
    ($other:ident, $value:ident) => {
        Value::from($value)
    };
}

macro_rules! options {
    ($($name:literal $setter:ident($type:ident) $kind:expr, $default:expr, $unit:literal, $summary:literal;)+) => {
        /// The table of options. Since 0.1.0.
        pub const OPTIONS: &[OptionSpec] = &[
            $(OptionSpec { name: $name, kind: $kind, default: $default, unit: $unit, summary: $summary },)+
        ];

        /// One setter an option; what it stores counts as given explicitly. A wrong value is reported, with its
        /// option, when the client is made.
        impl Config {
            $(
                #[doc = $summary]
                ///
                /// Since 0.1.0.
                #[must_use]
                pub fn $setter(self, value: setter_type!($type)) -> Self {
                    self.with_explicit($name, setter_value!($type, value))
                }
            )+
        }
    };
}

const fn number(minimum: u64, maximum: u64) -> OptionKind {
    OptionKind::Number { minimum, maximum }
}

/// The longest text that becomes a part of a request's head.
const LONGEST_TEXT_BYTES: usize = 2_048;

/// The longest time that can be set: a day.
const DAY_MS: u64 = 86_400_000;

options! {
    "api_key" api_key(secret) OptionKind::Secret, None, "",
        "The API key of the workspace, from Agent Studio.";
    "token" token(secret) OptionKind::Secret, None, "",
        "The connector token of the project, from Agent Studio.";
    "account_id" account_id(text) OptionKind::Identifier, None, "",
        "The account, such as `acme-uk` or `ws-fd112d8f`.";
    "project_id" project_id(text) OptionKind::Identifier, None, "",
        "The project, such as `acme-team-4` or `PROJECT-191bfa2a`.";
    "region" region(text) OptionKind::Text, None, "",
        "The region of the workspace: `us`, `uk`, `euw` or `studio`. One choice with `base_url` and `studio_url`.";
    "base_url" base_url(text) OptionKind::Url, None, "",
        "Where the service is, instead of a region: a proxy, staging, the simulator.";
    "studio_url" studio_url(text) OptionKind::Url, None, "",
        "An Agent Studio URL, which holds region, account and project at once.";
    "api_version" api_version(text) OptionKind::Identifier, Some("v1"), "",
        "The version of the Chat API, a part of its path.";
    "dialect" dialect(text) OptionKind::Choice(&["current", "legacy"]), Some("current"), "",
        "Which of the service's two published dialects the deployment speaks.";
    "allow_plain_http" allow_plain_http(flag) OptionKind::Flag, Some("false"), "",
        "Allows a `base_url` with http:// to another machine, which shows key and token to the network between.";
    "timeout_ms" timeout(duration) number(1, DAY_MS), Some("30000"), "ms",
        "The deadline of a create or a respond, with everything it waits for.";
    "close_timeout_ms" close_timeout(duration) number(1, DAY_MS), Some("5000"), "ms",
        "The deadline of a close.";
    "connect_timeout_ms" connect_timeout(duration) number(1, DAY_MS), Some("5000"), "ms",
        "The most that resolving, connecting and the TLS handshake may take together, within the deadline.";
    "conversation_timeout_ms" conversation_timeout(duration) number(1, DAY_MS), None, "ms",
        "What all turns of one conversation may take together from its create on, the customer's pauses included. Close is not counted.";
    "max_attempts" max_attempts(number) number(1, 100), Some("3"), "",
        "How often a request is tried at most, where nothing of it can have been processed. 1 switches retries off.";
    "backoff_ms" backoff(duration) number(1, DAY_MS), Some("100"), "ms",
        "The pause before the second attempt; it doubles each time, less a random part of up to a half (jitter).";
    "max_backoff_ms" max_backoff(duration) number(1, DAY_MS), Some("2000"), "ms",
        "The longest pause between two attempts, unless the service asks for another.";
    "retry_budget" retry_budget(number) number(0, 1_000_000), Some("20"), "",
        "Retry budget shared by all calls; every ten successes refill one retry.";
    "retry_503" retry_503(flag) OptionKind::Flag, Some("false"), "",
        "Treats a 503 as not processed, and retries it. Safe only if your gateway refuses requests before it forwards them.";
    "max_calls_in_flight" max_calls_in_flight(number) number(1, 1_000_000), None, "",
        "How many calls may be under way at the same time; a further one fails at once as `busy`. Off when not set.";
    "breaker_failures" breaker_failures(number) number(1, 1_000_000), None, "",
        "After how many connect or server failures in a row calls fail at once as `unavailable`. Off when not set.";
    "breaker_open_ms" breaker_open(duration) number(1, DAY_MS), Some("10000"), "ms",
        "How long calls fail at once, before one is let through to see whether the service is back.";
    "recent_attempts" recent_attempts(number) number(0, 1_000_000), Some("64"), "",
        "How many of the last attempts a client remembers.";
    "idle_timeout_ms" idle_timeout(duration) number(1, DAY_MS), Some("50000"), "ms",
        "How long a connection is kept for the next turn; below the idle limit of common gateways.";
    "max_idle_connections" max_idle_connections(number) number(0, 100_000), Some("1024"), "",
        "How many idle connections are kept at most. The one used last is taken first.";
    "name_ttl_ms" name_ttl(duration) number(1, DAY_MS), Some("30000"), "ms",
        "How long a resolved host name is remembered.";
    "max_body_bytes" max_body_bytes(number) number(1_024, 1_073_741_824), Some("8388608"), "bytes",
        "The largest answer that is read; a larger one is a protocol error.";
    "max_header_bytes" max_header_bytes(number) number(1_024, 16_777_216), Some("65536"), "bytes",
        "The largest head of an answer that is read.";
    "user_agent" user_agent(text) OptionKind::Text, None, "",
        "What is added to the `User-Agent` behind `polyai-chat/VERSION`, such as `acme-ivr/2.1`.";
    "ca_file" ca_file(text) OptionKind::Path, None, "",
        "A PEM file of certificate authorities, trusted in addition to the system's.";
    "ca_pem" ca_pem(text) OptionKind::Lines, None, "",
        "As `ca_file`, but the PEM itself; with both, both are trusted.";
    "system_authorities" system_authorities(flag) OptionKind::Flag, Some("true"), "",
        "Whether the system's certificate authorities are trusted. With `false` only those of `ca_file` and `ca_pem` are.";
    "min_tls_version" min_tls_version(text) OptionKind::Choice(&["1.2", "1.3"]), Some("1.2"), "",
        "The oldest version of TLS that is spoken, with the service and with a proxy.";
    "client_cert_file" client_cert_file(text) OptionKind::Path, None, "",
        "A PEM file of the certificate, with its chain, that is shown to a service that asks for one. One choice with `client_cert_pem`.";
    "client_cert_pem" client_cert_pem(text) OptionKind::Lines, None, "",
        "As `client_cert_file`, but the PEM itself.";
    "client_key_file" client_key_file(text) OptionKind::Path, None, "",
        "A PEM file of the private key of the client's certificate, not encrypted. One choice with `client_key_pem`.";
    "client_key_pem" client_key_pem(secret) OptionKind::SecretLines, None, "",
        "As `client_key_file`, but the PEM itself.";
    "proxy" proxy(secret) OptionKind::Proxy, Some("none"), "",
        "Proxy to use: `none`, `environment` (`HTTPS_PROXY`, `http_proxy`, `ALL_PROXY` and `NO_PROXY` are read), or `http://`, `https://`, `socks5://` or `socks5h://` with `user:password@`, if any, and `host:port`.";
    "no_proxy" no_proxy(text) OptionKind::Text, None, "",
        "The hosts, domains, addresses and networks that are reached without the proxy, separated by commas, each with `:port` if only that is meant; `*` for all. In place of `NO_PROXY`.";
}

/// What is said of a name that is none of the table.
pub(super) fn unknown_option(name: &str) -> String {
    let known: Vec<_> = OPTIONS.iter().map(|option| option.name).collect();
    let name = bounded(name.as_bytes(), MOST_NAME_BYTES);
    format!("unknown option \"{name}\"; known are {}", known.join(", "))
}

impl OptionKind {
    /// Reads a value from text, or says what would be right.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, String> {
        let value = match self {
            Self::Secret | Self::SecretLines | Self::Proxy => Value::Secret(Secret::new(text)),
            Self::Flag => match text {
                "true" | "1" => Value::Flag(true),
                "false" | "0" => Value::Flag(false),
                _ => return Err(format!("{text:?} must be true or false")),
            },
            Self::Number { minimum, maximum } => {
                let number = text.parse().map_err(|_| {
                    format!("{text:?} must be a whole number from {minimum} to {maximum}")
                })?;
                Value::Number(number)
            }
            Self::Text
            | Self::Url
            | Self::Lines
            | Self::Identifier
            | Self::Path
            | Self::Choice(_) => Value::Text(text.to_owned()),
        };
        self.check(&value)?;
        Ok(value)
    }

    /// Says what is wrong with a value, without ever showing a secret one.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Self::Secret, Value::Secret(secret)) => check_secret(secret.reveal()),
            (Self::Identifier, Value::Text(text)) => crate::model::check_id(text),
            (Self::Choice(words), Value::Text(text)) if !words.contains(&text.as_str()) => {
                Err(format!("{text:?} must be one of {}", words.join(", ")))
            }
            (Self::Number { minimum, maximum }, Value::Number(number))
                if !(minimum..=maximum).contains(&number) =>
            {
                Err(format!("{number} must be from {minimum} to {maximum}"))
            }
            (Self::Text | Self::Url, Value::Text(text)) if text.chars().any(char::is_control) => {
                Err("holds a line break or another control character".to_owned())
            }
            // A row of a request's head must fit into the buffer of an idle connection.
            (Self::Text | Self::Url, Value::Text(text)) if text.len() > LONGEST_TEXT_BYTES => {
                Err(format!("is longer than {LONGEST_TEXT_BYTES} bytes"))
            }
            (Self::Text | Self::Url | Self::Path | Self::Lines, Value::Text(text))
                if text.is_empty() =>
            {
                Err("is empty".to_owned())
            }
            (Self::SecretLines, Value::Secret(secret)) if secret.reveal().is_empty() => {
                Err("is empty".to_owned())
            }
            (Self::Proxy, Value::Secret(secret)) => proxy::check(secret.reveal()),
            _ => Ok(()),
        }
    }

    /// A value as it may be shown.
    pub(super) fn shown(self, value: &Value) -> String {
        match (self, value) {
            (Self::Proxy, Value::Secret(secret)) => proxy::shown(secret.reveal()),
            (Self::Lines, _) | (_, Value::Secret(_)) => "set".to_owned(),
            (Self::Url, Value::Text(text)) => without_login(text),
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Flag(flag)) => flag.to_string(),
            (_, Value::Number(number)) => number.to_string(),
        }
    }
}

/// A URL with nothing of what stands before its host, whatever that is.
fn without_login(url: &str) -> String {
    let Some((before, host)) = url.rsplit_once('@') else {
        return url.to_owned();
    };
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| before.starts_with(scheme));
    [scheme.unwrap_or_default(), "***@", host].concat()
}

fn check_secret(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if text.contains(['\r', '\n']) {
        return Err("holds a line break; copy it again without what follows it".to_owned());
    }
    if text.contains([' ', '\t']) {
        return Err("holds a space; copy it again without what surrounds it".to_owned());
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            "holds a character that cannot stand in an HTTP header; copy it again".to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_carry_their_unit() {
        let names: std::collections::HashSet<_> =
            OPTIONS.iter().map(|option| option.name).collect();
        assert_eq!(names.len(), OPTIONS.len());
        for option in OPTIONS {
            if !option.unit.is_empty() {
                assert!(
                    option.name.ends_with(&format!("_{}", option.unit)),
                    "{}",
                    option.name
                );
            }
        }
    }

    #[test]
    fn every_default_is_accepted_by_its_own_option() {
        for option in OPTIONS {
            if let Some(default) = option.default {
                assert!(option.kind.parse(default).is_ok(), "{}", option.name);
            }
        }
    }

    #[test]
    fn zero_infinity_and_nonsense_are_refused_as_times() {
        let kind = OptionSpec::find("timeout_ms").unwrap().kind;
        for text in [
            "0",
            "inf",
            "-1",
            "5s",
            "",
            "1.5",
            "86400001",
            "99999999999999999999",
        ] {
            assert!(kind.parse(text).is_err(), "{text}");
        }
        assert_eq!(kind.parse("1"), Ok(Value::Number(1)));
    }

    #[test]
    fn a_wrong_secret_is_refused_without_being_shown() {
        let kind = OptionSpec::find("api_key").unwrap().kind;
        for text in ["", "sesame\n", "sesame\r\nX: y", " sesame", "sesamé"] {
            let error = kind.parse(text).unwrap_err();
            assert!(!error.contains("sesam"), "{error}");
        }
    }
}
