//! Where the service is: regions, base URLs, Agent Studio URLs, and the path of an operation.

use http::Uri;
use std::net::IpAddr;

/// A region of the service, with its API base and the host of its Agent Studio. Since 0.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Region {
    /// The name, such as `uk`.
    pub name: &'static str,
    /// Other names that are understood.
    pub aliases: &'static [&'static str],
    /// Where its API is.
    pub base_url: &'static str,
    /// The host of its Agent Studio.
    pub studio_host: &'static str,
}

/// The regions, as the service's published API description lists them. Since 0.1.0.
pub const REGIONS: &[Region] = &[
    Region {
        name: "us",
        aliases: &["us-1"],
        base_url: "https://api.us-1.platform.polyai.app",
        studio_host: "studio.us.poly.ai",
    },
    Region {
        name: "uk",
        aliases: &["uk-1"],
        base_url: "https://api.uk-1.platform.polyai.app",
        studio_host: "studio.uk.poly.ai",
    },
    Region {
        name: "euw",
        aliases: &["eu", "eu-w", "euw-1"],
        base_url: "https://api.euw-1.platform.polyai.app",
        studio_host: "studio.eu.poly.ai",
    },
    Region {
        name: "studio",
        aliases: &[],
        base_url: "https://api.studio.poly.ai",
        studio_host: "studio.poly.ai",
    },
];

impl Region {
    /// Finds a region by its name or an alias, in any case.
    ///
    /// # Errors
    /// A sentence that lists the known names.
    pub fn parse(name: &str) -> Result<&'static Self, String> {
        let wanted = name.trim();
        REGIONS
            .iter()
            .find(|region| {
                region.name.eq_ignore_ascii_case(wanted)
                    || region
                        .aliases
                        .iter()
                        .any(|alias| alias.eq_ignore_ascii_case(wanted))
            })
            .ok_or_else(|| {
                let known: Vec<String> = REGIONS
                    .iter()
                    .map(|region| match region.aliases {
                        [] => region.name.to_owned(),
                        aliases => format!("{} (also {})", region.name, aliases.join(", ")),
                    })
                    .collect();
                format!("unknown region {wanted:?}; known are {}", known.join("; "))
            })
    }
}

/// Scheme and authority, with the path in front of the operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    pub(crate) secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The text as it is put before `/{version}/…`, without a slash at its end.
    pub(crate) text: String,
    /// What stands in the `Host` header.
    pub(crate) authority: String,
}

impl BaseUrl {
    /// Takes a URL apart and refuses what could never work, or would send a key in the clear.
    pub(crate) fn parse(text: &str, allow_plain_http: bool) -> Result<Self, String> {
        let text = text.trim().trim_end_matches('/');
        let uri = parse_uri(text)?;
        if uri.query().is_some() || text.contains('#') {
            return Err(
                "it must end with its path; leave out '?' and '#' and what follows".to_owned(),
            );
        }
        let (host, authority) = host_of(&uri)?;
        let secure = match uri.scheme_str() {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => true,
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => false,
            _ => return Err("it must begin with https:// (or http:// for this machine)".to_owned()),
        };
        if !secure && !allow_plain_http && !is_loopback(&host) {
            return Err(format!(
                "plain http to {host} would show key and token to the network; use https://, or set \
                 allow_plain_http to true if that network is trusted"
            ));
        }
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self {
            secure,
            host,
            port,
            text: text.to_owned(),
            authority,
        })
    }

    /// Host and port as they are sent to the service: the zone of an IPv6 address means something on this machine only (RFC 6874,
    /// section 4).
    pub(crate) fn host_header(&self) -> String {
        let (before, rest) = self
            .authority
            .split_once('%')
            .unwrap_or((&self.authority, ""));
        match rest.find(']').and_then(|end| rest.get(end..)) {
            Some(end) => [before, end].concat(),
            None => self.authority.clone(),
        }
    }
}

/// What an Agent Studio URL says: `https://studio.<region>.poly.ai/<account_id>/<project_id>/…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StudioUrl {
    pub(crate) region: &'static Region,
    pub(crate) account_id: String,
    pub(crate) project_id: String,
}

impl StudioUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const SHAPE: &str = "https://studio.<region>.poly.ai/<account_id>/<project_id>";
        let without_fragment = text.trim().split('#').next().unwrap_or_default();
        let with_scheme = if without_fragment.contains("://") {
            without_fragment.to_owned()
        } else {
            format!("https://{without_fragment}")
        };
        let uri = parse_uri(&with_scheme)?;
        let (host, _) = host_of(&uri)?;
        let region = REGIONS
            .iter()
            .find(|region| region.studio_host.eq_ignore_ascii_case(&host))
            .ok_or_else(|| {
                let hosts: Vec<_> = REGIONS.iter().map(|region| region.studio_host).collect();
                format!(
                    "{host:?} is no Agent Studio; known are {}",
                    hosts.join(", ")
                )
            })?;
        let mut segments = uri.path().split('/').filter(|segment| !segment.is_empty());
        let (Some(account_id), Some(project_id)) = (segments.next(), segments.next()) else {
            return Err(format!("it must name account and project, as in {SHAPE}"));
        };
        check_id(account_id).map_err(|problem| format!("its account id {problem}"))?;
        check_id(project_id).map_err(|problem| format!("its project id {problem}"))?;
        Ok(Self {
            region,
            account_id: account_id.to_owned(),
            project_id: project_id.to_owned(),
        })
    }
}

/// An account, a project or a version becomes a segment of the path, so it may hold nothing that leaves its segment.
pub(crate) fn check_id(id: &str) -> Result<(), String> {
    const RULE: &str = "use letters, digits, '-', '_' and '.' only";
    if id.is_empty() {
        return Err("is empty".to_owned());
    }
    if id.len() > 128 {
        return Err("is longer than 128 characters".to_owned());
    }
    if id.contains("..") || id == "." {
        return Err(format!("{id:?} holds '..'; {RULE}"));
    }
    match id
        .chars()
        .find(|character| !(character.is_ascii_alphanumeric() || "-_.".contains(*character)))
    {
        Some(wrong) => Err(format!("{id:?} holds {wrong:?}; {RULE}")),
        None => Ok(()),
    }
}

fn parse_uri(text: &str) -> Result<Uri, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if !text.is_ascii() {
        return Err(
            "it must be ASCII; write an international host name in its xn-- form".to_owned(),
        );
    }
    let uri: Uri = text
        .parse()
        .map_err(|error| format!("it is not a URL: {error}"))?;
    // The text is not repeated here: what stands before the '@' is a credential.
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err("it must not hold a user name or password".to_owned());
    }
    Ok(uri)
}

/// Host and authority. A user name whose password has a slash in it looks like a host with a wrong port, so neither is shown.
fn host_of(uri: &Uri) -> Result<(String, String), String> {
    let (host, authority) = match uri.authority() {
        Some(authority) if !authority.host().is_empty() => (authority.host(), authority.as_str()),
        _ => return Err("it names no host".to_owned()),
    };
    if uri
        .port_u16()
        .map_or(authority.len() != host.len(), |port| port == 0)
    {
        return Err("its port must be a number from 1 to 65535".to_owned());
    }
    Ok((host.to_ascii_lowercase(), authority.to_owned()))
}

/// The address in a host, if it is one; IPv6 stands in brackets.
pub(crate) fn literal_address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

fn is_loopback(host: &str) -> bool {
    match literal_address(host) {
        Some(address) => address.is_loopback(),
        None => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_found_by_name_and_alias_in_any_case() {
        for (name, expected) in [
            ("us", "us"),
            ("US-1", "us"),
            ("Uk", "uk"),
            ("eu", "euw"),
            ("EU-W", "euw"),
            ("euw-1", "euw"),
            (" studio ", "studio"),
        ] {
            assert_eq!(Region::parse(name).unwrap().name, expected, "{name}");
        }
        let error = Region::parse("mars").unwrap_err();
        assert!(
            error.contains("\"mars\"") && error.contains("euw (also eu"),
            "{error}"
        );
    }

    #[test]
    fn a_studio_url_holds_region_account_and_project() {
        let studio = StudioUrl::parse(
            "https://studio.eu.poly.ai/ws-fd112d8f/PROJECT-191bfa2a/build?tab=1#x",
        )
        .unwrap();
        assert_eq!(studio.region.name, "euw");
        assert_eq!(studio.account_id, "ws-fd112d8f");
        assert_eq!(studio.project_id, "PROJECT-191bfa2a");
        assert_eq!(
            StudioUrl::parse("studio.poly.ai/a/b").unwrap().region.name,
            "studio"
        );
        for (text, expected) in [
            ("https://studio.uk.poly.ai/acme", "account and project"),
            ("https://studio.mars.poly.ai/a/b", "no Agent Studio"),
            ("https://studio.uk.poly.ai/a%20b/c", "'%'"),
            ("", "empty"),
        ] {
            let error = StudioUrl::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_base_url_is_taken_apart() {
        let base = BaseUrl::parse("https://Proxy.example:8443/polyai/", false).unwrap();
        assert_eq!(
            (
                base.secure,
                base.host.as_str(),
                base.port,
                base.text.as_str()
            ),
            (
                true,
                "proxy.example",
                8443,
                "https://Proxy.example:8443/polyai"
            )
        );
        assert_eq!(
            BaseUrl::parse("http://[::1]:80", false).unwrap().host,
            "[::1]"
        );
    }

    #[test]
    fn plain_http_is_for_this_machine_or_by_name() {
        for text in [
            "http://127.0.0.1:1",
            "http://localhost",
            "http://[::1]:8080",
            "http://127.9.9.9",
        ] {
            assert!(BaseUrl::parse(text, false).is_ok(), "{text}");
        }
        let error = BaseUrl::parse("http://chat.example", false).unwrap_err();
        assert!(error.contains("allow_plain_http"), "{error}");
        assert!(BaseUrl::parse("http://chat.example", true).is_ok());
        assert!(BaseUrl::parse("http://127.0.0.1.example", false).is_err());
    }

    #[test]
    fn a_wrong_base_url_says_what_is_wrong_and_hides_credentials() {
        for (text, expected) in [
            ("", "empty"),
            ("ftp://host", "https://"),
            ("chat.example", "https://"),
            ("https://host/?a=1", "'?'"),
            ("https://host/#a", "'#'"),
            ("https://user:canary@host", "password"),
            ("https://höst", "ASCII"),
            ("https://host:99999", "port"),
            ("https://host:", "port"),
            ("https://host:0", "port"),
            ("https:///path", "URL"),
            ("https://ho st", "URL"),
        ] {
            let error = BaseUrl::parse(text, false).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn an_id_cannot_leave_its_segment() {
        for id in [
            "acme-uk",
            "ws-fd112d8f",
            "ACCOUNT-xxxxxxx",
            "PROJECT-191bfa2a",
            "a.b_c",
            "v1",
        ] {
            assert_eq!(check_id(id), Ok(()), "{id}");
        }
        for id in [
            "",
            "a/b",
            "..",
            "a..b",
            "a b",
            ".",
            "a\nb",
            "a%2fb",
            "é",
            &"x".repeat(129),
        ] {
            assert!(check_id(id).is_err(), "{id:?}");
        }
    }
}
