//! The options of a client, checked and complete.

use super::config::Config;
use super::no_proxy::NoProxy;
use super::options::{OPTIONS, OptionKind, OptionSpec};
use super::pem::{ClientCertificate, PemSource};
use super::proxy::{self, Proxy};
use super::source::{Origin, Setting, Value, one_choice, wrong_value};
use crate::foundation::clock::Clock;
use crate::foundation::foreign_words::Confidential;
use crate::foundation::secret::Secret;
use crate::model::{BaseUrl, Dialect, Error, Region, StudioUrl};
use std::collections::BTreeMap;
use std::time::Duration;

/// What says where the service is; one choice.
const ENDPOINT_OPTIONS: [&str; 3] = ["region", "base_url", "studio_url"];

/// The pair of secrets that every request carries, always replaced together.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) api_key: Secret,
    pub(crate) token: Secret,
    /// Where they came from, for errors that blame them.
    pub(crate) origin: String,
}

impl Credentials {
    /// Checks a pair that replaces the one of the configuration.
    pub(crate) fn replaced(api_key: Secret, token: Secret) -> Result<Self, Error> {
        for (name, secret) in [("api_key", &api_key), ("token", &token)] {
            OptionKind::Secret
                .check(&Value::Secret(secret.clone()))
                .map_err(|problem| Error::invalid_argument(format!("{name}: {problem}")))?;
        }
        Ok(Self {
            api_key,
            token,
            origin: "api_key and token: replaced in the living client".to_owned(),
        })
    }

    /// Texts that must not be shown: key, token, and the credentials of the proxy. A server may echo what it was sent.
    #[cold]
    #[inline(never)]
    pub(crate) fn confidential(&self, proxy: Option<&Proxy>) -> Confidential {
        let mut confidential = Confidential::default();
        for secret in [&self.api_key, &self.token] {
            confidential.hide_secret(secret.reveal());
        }
        if let Some(login) = proxy.and_then(|proxy| proxy.credentials.as_ref()) {
            let password = login.password.reveal();
            if password.is_empty() {
                confidential.hide_secret(login.user.reveal());
            } else {
                confidential.hide_secret(password);
                confidential.hide_secret(&login.login());
            }
        }
        confidential
    }
}

/// Everything a client needs to know, with every value checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) base: BaseUrl,
    pub(crate) region: Option<&'static Region>,
    pub(crate) account_id: String,
    pub(crate) project_id: String,
    pub(crate) api_version: String,
    pub(crate) dialect: Dialect,
    pub(crate) timeout: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) conversation_timeout: Option<Duration>,
    pub(crate) max_attempts: u64,
    pub(crate) backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) retry_budget: u64,
    pub(crate) retry_503: bool,
    pub(crate) max_calls_in_flight: Option<u64>,
    pub(crate) breaker_failures: Option<u64>,
    pub(crate) breaker_open: Duration,
    pub(crate) recent_attempts: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle_connections: usize,
    pub(crate) name_ttl: Duration,
    pub(crate) max_body_bytes: usize,
    pub(crate) max_header_bytes: usize,
    pub(crate) user_agent: Option<String>,
    /// Where the additional authorities are.
    pub(crate) authorities: Vec<PemSource>,
    pub(crate) system_authorities: bool,
    pub(crate) requires_tls_13: bool,
    pub(crate) client_certificate: Option<ClientCertificate>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) clock: Clock,
}

impl Config {
    /// Checks every value and everything that must be there. All that is missing is named at once.
    /// The credentials are by themselves, since they can be replaced.
    #[inline]
    pub(crate) fn resolve(&self) -> Result<(Settings, Credentials), Error> {
        for option in OPTIONS {
            if let Some(setting) = self.find(option.name) {
                option
                    .kind
                    .check(&setting.value)
                    .map_err(|problem| wrong_value(option.name, &setting.origin, &problem))?;
            }
        }
        let endpoint = self.endpoint()?;
        let mut missing = Vec::new();
        if endpoint.is_none() {
            missing.push("region");
        }
        let studio = endpoint
            .as_ref()
            .and_then(|endpoint| endpoint.studio.as_ref());
        let account_id = self.identity("account_id", studio, &mut missing)?;
        let project_id = self.identity("project_id", studio, &mut missing)?;
        let api_key = self.secret("api_key", &mut missing);
        let token = self.secret("token", &mut missing);
        let (
            Some(endpoint),
            Some(account_id),
            Some(project_id),
            Some((api_key, key_origin)),
            Some((token, token_origin)),
        ) = (endpoint, account_id, project_id, api_key, token)
        else {
            return Err(what_is_missing(&missing));
        };
        let authorities: Vec<_> = ["ca_file", "ca_pem"]
            .into_iter()
            .filter_map(|name| Some(PemSource::new(name, self.find(name)?)))
            .collect();
        let system_authorities = self.flag("system_authorities");
        if !system_authorities && authorities.is_empty() && endpoint.base.secure {
            return Err(Error::configuration(
                "system_authorities is false, so ca_file or ca_pem must say whose certificates are trusted",
            ));
        }
        let credentials = Credentials {
            origin: format!("api_key: {key_origin}; token: {token_origin}"),
            api_key,
            token,
        };
        let settings = Settings {
            proxy: self.proxy_to(&endpoint.base)?,
            base: endpoint.base,
            region: endpoint.region,
            account_id,
            project_id,
            api_version: self.text("api_version").unwrap_or_default(),
            dialect: self
                .text("dialect")
                .as_deref()
                .map_or(Dialect::Current, Dialect::from_name),
            timeout: self.duration("timeout_ms"),
            close_timeout: self.duration("close_timeout_ms"),
            connect_timeout: self.duration("connect_timeout_ms"),
            conversation_timeout: self
                .optional_number("conversation_timeout_ms")
                .map(Duration::from_millis),
            max_attempts: self.number("max_attempts"),
            backoff: self.duration("backoff_ms"),
            max_backoff: self.duration("max_backoff_ms"),
            retry_budget: self.number("retry_budget"),
            retry_503: self.flag("retry_503"),
            max_calls_in_flight: self.optional_number("max_calls_in_flight"),
            breaker_failures: self.optional_number("breaker_failures"),
            breaker_open: self.duration("breaker_open_ms"),
            recent_attempts: self.size("recent_attempts"),
            idle_timeout: self.duration("idle_timeout_ms"),
            max_idle_connections: self.size("max_idle_connections"),
            name_ttl: self.duration("name_ttl_ms"),
            max_body_bytes: self.size("max_body_bytes"),
            max_header_bytes: self.size("max_header_bytes"),
            user_agent: self.text("user_agent"),
            authorities,
            system_authorities,
            requires_tls_13: self.text("min_tls_version").as_deref() == Some("1.3"),
            client_certificate: self.client_certificate()?,
            clock: self.clock.clone(),
        };
        Ok((settings, credentials))
    }

    /// The strongest source that says where the service is.
    fn endpoint(&self) -> Result<Option<Endpoint>, Error> {
        for (rank, layer) in self.layers().into_iter().enumerate() {
            let chosen: Vec<(&str, &Setting)> = ENDPOINT_OPTIONS
                .iter()
                .filter_map(|name| Some((*name, layer.get(name)?)))
                .collect();
            return match chosen.as_slice() {
                [] => continue,
                [(name, setting)] => self.endpoint_from(name, setting, rank).map(Some),
                several => Err(one_choice(several)),
            };
        }
        Ok(None)
    }

    fn endpoint_from(&self, name: &str, setting: &Setting, rank: usize) -> Result<Endpoint, Error> {
        let Value::Text(text) = &setting.value else {
            return Err(wrong_value(name, &setting.origin, "must be a text"));
        };
        let wrong = |problem: String| wrong_value(name, &setting.origin, &problem);
        let of_region =
            |region: &'static Region| BaseUrl::parse(region.base_url, false).map_err(wrong);
        match name {
            "region" => {
                let region = Region::parse(text).map_err(wrong)?;
                Ok(Endpoint {
                    base: of_region(region)?,
                    region: Some(region),
                    studio: None,
                })
            }
            "studio_url" => {
                let url = StudioUrl::parse(text).map_err(wrong)?;
                Ok(Endpoint {
                    base: of_region(url.region)?,
                    region: Some(url.region),
                    studio: Some(Studio {
                        url,
                        origin: setting.origin.clone(),
                        rank,
                    }),
                })
            }
            _ => {
                let allow_plain_http = self.flag("allow_plain_http");
                Ok(Endpoint {
                    base: BaseUrl::parse(text, allow_plain_http).map_err(wrong)?,
                    region: None,
                    studio: None,
                })
            }
        }
    }

    /// The account or project: its own option or what the Studio URL says, whichever source is stronger.
    fn identity(
        &self,
        name: &'static str,
        studio: Option<&Studio>,
        missing: &mut Vec<&'static str>,
    ) -> Result<Option<String>, Error> {
        let own = self
            .layers()
            .into_iter()
            .enumerate()
            .find_map(|(rank, layer)| Some((rank, layer.get(name)?)));
        let from_studio = studio.map(|studio| {
            let id = if name == "account_id" {
                &studio.url.account_id
            } else {
                &studio.url.project_id
            };
            (studio, id)
        });
        match (own, from_studio) {
            (None, None) => {
                missing.push(name);
                Ok(None)
            }
            (None, Some((_, id))) => Ok(Some(id.clone())),
            (Some((rank, setting)), Some((studio, id))) if rank >= studio.rank => {
                if rank == studio.rank && setting.value != Value::Text(id.clone()) {
                    return Err(wrong_value(
                        name,
                        &setting.origin,
                        &format!(
                            "differs from {id:?}, which studio_url ({}) says; leave one of them out",
                            studio.origin
                        ),
                    ));
                }
                Ok(Some(id.clone()))
            }
            (Some((_, setting)), _) => Ok(match &setting.value {
                Value::Text(text) => Some(text.clone()),
                Value::Secret(_) | Value::Flag(_) | Value::Number(_) => None,
            }),
        }
    }

    /// The proxy on the way to the service, once and for all.
    fn proxy_to(&self, base: &BaseUrl) -> Result<Option<Proxy>, Error> {
        let no_proxy = match self.find("no_proxy") {
            Some(Setting {
                value: Value::Text(text),
                origin,
            }) => Some(
                NoProxy::parse(text)
                    .map_err(|problem| wrong_value("no_proxy", origin, &problem))?,
            ),
            _ => None,
        };
        let Some(Setting {
            value: Value::Secret(secret),
            origin,
        }) = self.find("proxy")
        else {
            return Ok(None);
        };
        let variable = |name: &str| std::env::var_os(name);
        let wrong = |problem: String| wrong_value("proxy", origin, &problem);
        let proxy =
            proxy::choose(secret.reveal(), origin, no_proxy, base, &variable).map_err(wrong)?;
        if proxy.is_none() || base.secure || self.flag("allow_plain_http") {
            return Ok(proxy);
        }
        // Without TLS the proxy would read key and token. What is set for all programs of a machine is not meant for a service on it.
        match proxy::is_of_environment(secret.reveal()) {
            true => Ok(None),
            false => Err(wrong(format!(
                "it would read key and token, since {} is plain HTTP: use https://, name the host in no_proxy, or set \
                 allow_plain_http to true if the proxy is trusted",
                base.text
            ))),
        }
    }

    /// What of the machine's own settings was passed over, for `polyai-chat doctor`. No part of the public interface.
    #[doc(hidden)]
    #[must_use]
    pub fn passed_over(&self) -> Vec<String> {
        let asks = match self.find("proxy") {
            Some(Setting {
                value: Value::Secret(secret),
                ..
            }) => proxy::asks_the_environment(secret.reveal()),
            _ => false,
        };
        match asks && self.find("no_proxy").is_none() {
            true => proxy::passed_over(&|name| std::env::var_os(name)),
            false => Vec::new(),
        }
    }

    fn secret(
        &self,
        name: &'static str,
        missing: &mut Vec<&'static str>,
    ) -> Option<(Secret, Origin)> {
        match self.find(name) {
            Some(Setting {
                value: Value::Secret(secret),
                origin,
            }) => Some((secret.clone(), origin.clone())),
            _ => {
                missing.push(name);
                None
            }
        }
    }

    /// What holds for an option: what is set, else its default.
    fn value(&self, name: &str) -> Option<Value> {
        if let Some(setting) = self.find(name) {
            return Some(setting.value.clone());
        }
        let option = OptionSpec::find(name)?;
        option.kind.parse(option.default?).ok()
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> u64 {
        self.optional_number(name).unwrap_or_default()
    }

    fn optional_number(&self, name: &str) -> Option<u64> {
        match self.value(name) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Flag(true)))
    }

    fn duration(&self, name: &str) -> Duration {
        Duration::from_millis(self.number(name))
    }

    fn size(&self, name: &str) -> usize {
        usize::try_from(self.number(name)).unwrap_or(usize::MAX)
    }
}

struct Endpoint {
    base: BaseUrl,
    region: Option<&'static Region>,
    studio: Option<Studio>,
}

struct Studio {
    url: StudioUrl,
    origin: Origin,
    /// How strong its source is; 0 is the strongest.
    rank: usize,
}

fn what_is_missing(missing: &[&str]) -> Error {
    let remedies: BTreeMap<&str, &str> = BTreeMap::from([
        (
            "region",
            "where the service is (option region, base_url or studio_url; environment POLYAI_REGION, POLYAI_BASE_URL or POLYAI_STUDIO_URL)",
        ),
        (
            "account_id",
            "the account (option account_id, environment POLYAI_ACCOUNT_ID, or a studio_url)",
        ),
        (
            "project_id",
            "the project (option project_id, environment POLYAI_PROJECT_ID, or a studio_url)",
        ),
        (
            "api_key",
            "the API key (option api_key, environment POLYAI_API_KEY)",
        ),
        (
            "token",
            "the connector token (option token, environment POLYAI_TOKEN)",
        ),
    ]);
    let named: Vec<&str> = missing
        .iter()
        .map(|name| *remedies.get(name).unwrap_or(name))
        .collect();
    Error::configuration(format!("not configured: {}", named.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn complete() -> Config {
        Config::new()
            .region("uk")
            .account_id("acme-uk")
            .project_id("acme-team-4")
            .api_key("key")
            .token("token")
    }

    fn with_layer(mut config: Config, rank: usize, settings: &[(&'static str, &str)]) -> Config {
        let layer = if rank == 1 {
            &mut config.environment
        } else {
            &mut config.profile
        };
        for (name, text) in settings {
            let value = OptionSpec::find(name).unwrap().kind.parse(text).unwrap();
            let origin = Origin::Environment(format!("LAYER_{rank}"));
            layer.insert(name, Setting { value, origin });
        }
        config
    }

    #[test]
    fn defaults_are_those_of_the_table() {
        let settings = complete().resolve().unwrap().0;
        assert_eq!(settings.base.text, "https://api.uk-1.platform.polyai.app");
        assert_eq!(settings.timeout, Duration::from_secs(30));
        assert_eq!(settings.close_timeout, Duration::from_secs(5));
        assert_eq!(settings.max_body_bytes, 8 * 1024 * 1024);
        assert_eq!(settings.api_version, "v1");
        assert_eq!(settings.dialect, Dialect::Current);
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let error = Config::new().resolve().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        for name in [
            "POLYAI_REGION",
            "POLYAI_STUDIO_URL",
            "POLYAI_ACCOUNT_ID",
            "POLYAI_PROJECT_ID",
            "POLYAI_API_KEY",
            "POLYAI_TOKEN",
        ] {
            assert!(error.message().contains(name), "{error}");
        }
    }

    #[test]
    fn two_places_in_one_source_are_refused_but_a_stronger_source_replaces_both() {
        let error = complete()
            .base_url("https://x.example")
            .resolve()
            .unwrap_err();
        assert!(
            error
                .message()
                .contains("region (given explicitly) and base_url"),
            "{error}"
        );
        let weaker = with_layer(
            complete(),
            1,
            &[
                ("base_url", "https://x.example"),
                ("studio_url", "https://studio.us.poly.ai/a/b"),
            ],
        );
        assert_eq!(weaker.resolve().unwrap().0.region.unwrap().name, "uk");
    }

    #[test]
    fn a_stronger_source_wins_option_by_option() {
        let config = with_layer(
            with_layer(complete(), 1, &[("timeout_ms", "7")]),
            2,
            &[("timeout_ms", "8"), ("api_version", "v2")],
        );
        let settings = config.resolve().unwrap().0;
        assert_eq!(settings.timeout, Duration::from_millis(7));
        assert_eq!(settings.api_version, "v2");
    }

    #[test]
    fn a_studio_url_gives_account_and_project() {
        let config = Config::new()
            .studio_url("https://studio.us.poly.ai/acme/team")
            .api_key("k")
            .token("t");
        let settings = config.clone().resolve().unwrap().0;
        assert_eq!(
            (settings.account_id.as_str(), settings.project_id.as_str()),
            ("acme", "team")
        );
        let error = config.clone().account_id("other").resolve().unwrap_err();
        assert!(error.message().contains("differs from \"acme\""), "{error}");
        assert!(config.clone().account_id("acme").resolve().is_ok());
        let weaker = with_layer(config, 1, &[("account_id", "other")]);
        assert_eq!(weaker.resolve().unwrap().0.account_id, "acme");
    }

    #[test]
    fn a_stronger_account_beats_a_weaker_studio_url() {
        let config = with_layer(
            Config::new().api_key("k").token("t").account_id("mine"),
            1,
            &[("studio_url", "https://studio.us.poly.ai/acme/team")],
        );
        let settings = config.resolve().unwrap().0;
        assert_eq!(
            (settings.account_id.as_str(), settings.project_id.as_str()),
            ("mine", "team")
        );
    }

    #[test]
    fn nothing_of_key_and_token_stays_in_a_text() {
        let pair = Credentials {
            api_key: Secret::new("canary"),
            token: Secret::new("canary-token"),
            origin: String::new(),
        };
        assert_eq!(
            pair.confidential(None)
                .redacted("canary-token, canary and cana"),
            "[redacted], [redacted] and cana"
        );
    }

    #[test]
    fn a_wrong_value_names_option_origin_and_remedy() {
        for (config, expected) in [
            (
                complete().timeout(Duration::ZERO),
                "timeout_ms (given explicitly): 0 must be from 1",
            ),
            (
                complete().timeout(Duration::MAX),
                "timeout_ms (given explicitly)",
            ),
            (
                complete().api_key("canary\n"),
                "api_key (given explicitly): holds a line break",
            ),
            (
                complete().account_id("a/b"),
                "account_id (given explicitly): \"a/b\" holds '/'",
            ),
            (
                complete().account_id(""),
                "account_id (given explicitly): is empty",
            ),
            (
                complete().project_id("a b"),
                "project_id (given explicitly)",
            ),
            (
                complete().region("mars"),
                "region (given explicitly): unknown region \"mars\"",
            ),
            (complete().dialect("old"), "must be one of current, legacy"),
            (
                complete().user_agent("a\r\nb"),
                "user_agent (given explicitly): holds a line break",
            ),
        ] {
            let error = config.resolve().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.message().contains(expected), "{error}");
            assert!(!error.to_string().contains("canary"));
        }
    }
}
