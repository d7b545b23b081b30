//! Which proxy a client goes through, if any: the option `proxy`, and the environment where that option asks for it.

use super::no_proxy::NoProxy;
use super::source::Origin;
use crate::foundation::secret::Secret;
use crate::model::BaseUrl;
use std::ffi::OsString;
use std::fmt;
use zeroize::Zeroizing;

/// The value that means no proxy.
const NONE: &str = "none";
/// The value that has the environment read.
const ENVIRONMENT: &str = "environment";
/// The variables that name exceptions, the one that counts first.
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

const SHAPE: &str = "it must be none, environment, or a URL that begins with http://, https://, socks5:// or \
                     socks5h://, such as http://proxy.example:3128";
const ENCODED: &str =
    "write what is no letter or digit in its user name and password percent-encoded, '@' as %40";

/// RFC 1929 has one byte for the length of each.
const LONGEST_SOCKS_CREDENTIAL: usize = 255;

/// Reads a variable of the environment.
type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What is spoken with a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProxyProtocol {
    /// CONNECT.
    Http,
    /// CONNECT inside TLS.
    Https,
    /// SOCKS 5, with addresses that were resolved here.
    Socks5,
    /// SOCKS 5, with host names that the proxy resolves.
    Socks5h,
}

impl ProxyProtocol {
    /// The scheme of its URLs.
    const ALL: [(&'static str, Self, u16); 4] = [
        ("http", Self::Http, 80),
        ("https", Self::Https, 443),
        ("socks5", Self::Socks5, 1080),
        ("socks5h", Self::Socks5h, 1080),
    ];

    pub(crate) fn is_socks(self) -> bool {
        matches!(self, Self::Socks5 | Self::Socks5h)
    }
}

/// A proxy. Its `Display` is its URL without user name and password.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub(crate) protocol: ProxyProtocol,
    scheme: &'static str,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) credentials: Option<ProxyCredentials>,
    /// What named it, for errors that blame it.
    pub(crate) origin: String,
}

#[derive(Debug, Clone)]
pub(crate) struct ProxyCredentials {
    pub(crate) user: Secret,
    pub(crate) password: Secret,
}

impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

impl Proxy {
    /// Takes a proxy's URL apart. No error shows a part of it that stands before its host.
    fn parse(text: &str, origin: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or(SHAPE)?;
        let (scheme, protocol, default_port) = ProxyProtocol::ALL
            .into_iter()
            .find(|(name, ..)| name.eq_ignore_ascii_case(scheme))
            .ok_or(SHAPE)?;
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((credentials, authority)) => (Some(credentials), authority),
            None => (None, rest),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.is_empty() {
            return Err("it names no host".to_owned());
        }
        if authority.contains('/') {
            return Err("it must end with its port; leave out the path".to_owned());
        }
        let server = BaseUrl::parse(&format!("http://{authority}"), true)?;
        let has_port = server.authority.len() > server.host.len();
        Ok(Self {
            protocol,
            scheme,
            port: if has_port { server.port } else { default_port },
            host: server.host,
            credentials: credentials
                .map(|credentials| ProxyCredentials::parse(credentials, protocol))
                .transpose()?,
            origin: origin.to_owned(),
        })
    }
}

impl ProxyCredentials {
    /// Both as HTTP has them; at once, since a text that grows leaves copies behind.
    pub(crate) fn login(&self) -> Zeroizing<String> {
        Zeroizing::new([self.user.reveal(), ":", self.password.reveal()].concat())
    }

    fn parse(text: &str, protocol: ProxyProtocol) -> Result<Self, String> {
        if text.contains(['/', '?', '#', '@', ' ']) {
            return Err(ENCODED.to_owned());
        }
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let (user, password) = (decoded(user)?, decoded(password)?);
        if protocol.is_socks() {
            if user.is_empty() {
                return Err("its user name is empty".to_owned());
            }
            if user.len().max(password.len()) > LONGEST_SOCKS_CREDENTIAL {
                return Err(format!(
                    "SOCKS allows at most {LONGEST_SOCKS_CREDENTIAL} bytes of user name and of password"
                ));
            }
        } else if user.contains(':') {
            return Err("a user name with a colon cannot be sent to an HTTP proxy".to_owned());
        }
        Ok(Self {
            user: Secret::new(user),
            password: Secret::new(password),
        })
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(ENCODED.to_owned());
        };
        bytes.extend(u8::try_from(high * 16 + low));
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => Ok(text),
        _ => Err("its user name or password holds something that is not text".to_owned()),
    }
}

/// Whether a value of the option has the environment read.
pub(super) fn asks_the_environment(text: &str) -> bool {
    text == ENVIRONMENT
}

/// Says what is wrong with a value of the option.
pub(super) fn check(text: &str) -> Result<(), String> {
    match text {
        NONE | ENVIRONMENT => Ok(()),
        url => Proxy::parse(url, "").map(drop),
    }
}

/// Whether a value of the option has the environment read.
pub(super) fn is_of_environment(text: &str) -> bool {
    text == ENVIRONMENT
}

/// A value of the option as it may be shown.
pub(super) fn shown(text: &str) -> String {
    match text {
        NONE | ENVIRONMENT => text.to_owned(),
        url => match Proxy::parse(url, "") {
            Ok(proxy) if proxy.credentials.is_some() => {
                format!("{}://***@{}:{}", proxy.scheme, proxy.host, proxy.port)
            }
            Ok(proxy) => proxy.to_string(),
            Err(_) => "wrong".to_owned(),
        },
    }
}

/// The proxy on the way to a server. `origin` says where the option's value came from.
///
/// What the environment says is meant for all programs of the machine: it stops this one only where it is about this server.
pub(super) fn choose(
    text: &str,
    origin: &Origin,
    no_proxy: Option<NoProxy>,
    base: &BaseUrl,
    variable: Variable<'_>,
) -> Result<Option<Proxy>, String> {
    let covers = |no_proxy: &NoProxy| no_proxy.covers(&base.host, base.port);
    match text {
        NONE => Ok(None),
        ENVIRONMENT => match no_proxy.unwrap_or_else(|| exceptions_of_environment(variable)) {
            no_proxy if covers(&no_proxy) => Ok(None),
            _ => from_environment(base, variable),
        },
        _ if no_proxy.as_ref().is_some_and(covers) => Ok(None),
        url => Proxy::parse(url, &format!("proxy ({origin})")).map(Some),
    }
}

fn exceptions_of_environment(variable: Variable<'_>) -> NoProxy {
    match first_set(&NO_PROXY, variable) {
        Some((_, text)) => NoProxy::parse_what_can_be(&text.to_string_lossy()),
        None => NoProxy::default(),
    }
}

/// The exceptions of the environment that are passed over, to explain why the proxy is used.
pub(super) fn passed_over(variable: Variable<'_>) -> Vec<String> {
    let Some((name, text)) = first_set(&NO_PROXY, variable) else {
        return Vec::new();
    };
    let text = text.to_string_lossy();
    NoProxy::unreadable(&text)
        .map(|problem| format!("environment variable {name}: {problem}; it matches nothing"))
        .collect()
}

fn from_environment(base: &BaseUrl, variable: Variable<'_>) -> Result<Option<Proxy>, String> {
    // A web server gives its CGI programs the client's header `Proxy` as HTTP_PROXY, so that name is not believed.
    let names: &[&str] = match base.secure {
        true => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        false => &["http_proxy", "all_proxy", "ALL_PROXY"],
    };
    let Some((name, text)) = first_set(names, variable) else {
        return Ok(None);
    };
    let origin = format!("environment variable {name}");
    let text = text
        .into_string()
        .map(Zeroizing::new)
        .map_err(|_| format!("{origin}: is not UTF-8"))?;
    let url = match text.contains("://") {
        true => text,
        false => Zeroizing::new(["http://", &text].concat()),
    };
    Proxy::parse(&url, &origin)
        .map(Some)
        .map_err(|problem| format!("{origin}: {problem}"))
}

fn first_set<'a>(names: &[&'a str], variable: Variable<'_>) -> Option<(&'a str, OsString)> {
    names.iter().find_map(|name| {
        let text = variable(name).filter(|text| !text.is_empty())?;
        Some((*name, text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str) -> BaseUrl {
        BaseUrl::parse(url, true).unwrap()
    }

    fn parse(text: &str) -> Result<Proxy, String> {
        Proxy::parse(text, "here")
    }

    #[test]
    fn a_url_is_taken_apart() {
        for (text, shown, protocol) in [
            (
                "http://proxy:3128",
                "http://proxy:3128",
                ProxyProtocol::Http,
            ),
            ("HTTP://Proxy/", "http://proxy:80", ProxyProtocol::Http),
            ("https://proxy", "https://proxy:443", ProxyProtocol::Https),
            (
                "socks5://[::1]",
                "socks5://[::1]:1080",
                ProxyProtocol::Socks5,
            ),
            (
                "socks5h://10.0.0.1:80",
                "socks5h://10.0.0.1:80",
                ProxyProtocol::Socks5h,
            ),
        ] {
            let proxy = parse(text).unwrap();
            assert_eq!(
                (proxy.to_string().as_str(), proxy.protocol),
                (shown, protocol)
            );
            assert!(proxy.credentials.is_none());
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        for (text, user, password) in [
            ("http://sam:canary@proxy", "sam", "canary"),
            ("socks5h://s%40m:can%3Aary@proxy:1", "s@m", "can:ary"),
            ("http://canary@proxy", "canary", ""),
            ("http://:canary@proxy", "", "canary"),
            ("https://sam:c:anary@proxy", "sam", "c:anary"),
        ] {
            let proxy = parse(text).unwrap();
            let credentials = proxy.credentials.clone().unwrap();
            assert_eq!(credentials.user.reveal(), user, "{text}");
            assert_eq!(credentials.password.reveal(), password, "{text}");
            let everything = format!("{proxy} {proxy:?} {}", shown(text));
            assert!(!everything.contains("anary"), "{everything}");
            assert!(shown(text).contains("://***@proxy:"), "{}", shown(text));
        }
    }

    #[test]
    fn errors_in_urls_are_explained_without_showing_credentials() {
        let long = format!("socks5://{}:canary@proxy", "x".repeat(256));
        for (text, expected) in [
            ("", "http://proxy.example:3128"),
            ("proxy:3128", "none, environment"),
            ("sam:canary@proxy", "none, environment"),
            ("socks4://canary@proxy", "socks5h://"),
            ("http://proxy/path", "path"),
            ("http://sam:can/ary@proxy", "percent-encoded"),
            ("http://sam:can@ary@proxy", "percent-encoded"),
            ("http://sam:canary%4@proxy", "percent-encoded"),
            ("http://sam:canary%0a@proxy", "not text"),
            ("http://sam%3a:canary@proxy", "colon"),
            ("socks5://:canary@proxy", "empty"),
            (&long, "255"),
            ("http://sam:canary@", "no host"),
            ("http://sam:canary@proxy:0", "port"),
            ("http://sam:canary@proxy:99999", "port"),
            ("http://sam:canary@pro xy", "URL"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            let all = format!("{error} {}", shown(text));
            assert!(!all.contains("canary") && !all.contains("can/ary"), "{all}");
        }
    }

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        let choose = |url: &str, variables: &[(&str, &str)]| {
            let lookup = |name: &str| {
                let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
                Some(OsString::from(value))
            };
            choose("environment", &Origin::Explicit, None, &base(url), &lookup)
                .map(|proxy| proxy.map(|proxy| proxy.to_string()))
        };
        let both = [("https_proxy", "http://a"), ("HTTPS_PROXY", "http://b")];
        assert_eq!(choose("https://x", &both).unwrap().unwrap(), "http://a:80");
        assert_eq!(choose("http://x", &both).unwrap(), None);
        let upper = [("HTTP_PROXY", "http://a"), ("ALL_PROXY", "socks5://b")];
        assert_eq!(
            choose("http://x", &upper).unwrap().unwrap(),
            "socks5://b:1080"
        );
        let bare = [("http_proxy", "proxy:3128"), ("all_proxy", "")];
        assert_eq!(
            choose("http://x", &bare).unwrap().unwrap(),
            "http://proxy:3128"
        );
        assert_eq!(choose("https://x", &[("HTTPS_PROXY", "")]).unwrap(), None);
        let excepted = [("https_proxy", "http://a"), ("NO_PROXY", ".corp, x")];
        assert_eq!(choose("https://x", &excepted).unwrap(), None);
        assert!(choose("https://y", &excepted).unwrap().is_some());
        let error = choose("https://x", &[("HTTPS_PROXY", "ftp://sam:canary@x")]).unwrap_err();
        assert!(
            error.contains("environment variable HTTPS_PROXY") && !error.contains("canary"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_variable_for_other_programs_does_not_stop_this_one() {
        let choose = |url: &str, variables: &[(&str, &str)]| {
            let lookup = |name: &str| {
                let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
                Some(OsString::from(value))
            };
            let chosen = choose("environment", &Origin::Explicit, None, &base(url), &lookup);
            (chosen.map(|proxy| proxy.is_some()), passed_over(&lookup))
        };
        let strange = "192.168.*.*,<local>\n10.0.0.0/99\r\n.corp";
        for (url, proxied) in [
            ("https://x.corp", false),
            ("https://x", true),
            ("https://192.168.1.1", true),
        ] {
            let variables = [("NO_PROXY", strange), ("HTTPS_PROXY", "http://proxy")];
            let (chosen, passed_over) = choose(url, &variables);
            assert_eq!(chosen, Ok(proxied), "{url}");
            assert_eq!(passed_over.len(), 3, "{passed_over:?}");
            assert!(passed_over[0].contains("192.168.*.*") && passed_over[0].contains("NO_PROXY"));
        }
        // A proxy that cannot be used does not matter where it is not to be used.
        let unusable = ("ALL_PROXY", "socks://proxy:1080");
        assert_eq!(
            choose("https://x", &[unusable, ("NO_PROXY", "x")]).0,
            Ok(false)
        );
        assert!(
            choose("https://y", &[unusable, ("NO_PROXY", "x")])
                .0
                .is_err()
        );
    }

    #[test]
    fn nothing_is_read_from_the_environment_unless_asked_for() {
        let forbidden = |name: &str| -> Option<OsString> { panic!("{name} was read") };
        for text in ["none", "http://proxy"] {
            for no_proxy in [None, Some("elsewhere")] {
                let no_proxy = no_proxy.map(|text| NoProxy::parse(text).unwrap());
                let chosen = choose(
                    text,
                    &Origin::Explicit,
                    no_proxy,
                    &base("https://x"),
                    &forbidden,
                )
                .unwrap();
                assert_eq!(chosen.is_some(), text != "none");
            }
        }
        let no_proxy = NoProxy::parse("x").ok();
        let own = choose(
            "http://proxy",
            &Origin::Explicit,
            no_proxy,
            &base("https://x"),
            &forbidden,
        );
        assert!(own.unwrap().is_none());
    }
}
