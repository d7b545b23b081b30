//! Which servers are reached without the proxy.

use crate::model::literal_address;
use std::net::IpAddr;

/// The rules of `no_proxy`, in the syntax of the variable `NO_PROXY`.
#[derive(Debug, Clone, Default)]
pub(super) struct NoProxy(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    servers: Servers,
    /// Only this port; `None` for all of them.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Servers {
    All,
    /// This host and every one below it.
    Domain(String),
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Reads what was written for this client: a wrong rule is an error.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        entries(text)
            .map(Rule::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Reads what was written for all programs of the machine: a rule in another program's syntax matches nothing here.
    pub(super) fn parse_what_can_be(text: &str) -> Self {
        Self(
            entries(text)
                .filter_map(|entry| Rule::parse(entry).ok())
                .collect(),
        )
    }

    /// The rules of a text that match nothing, with what is wrong with each.
    pub(super) fn unreadable(text: &str) -> impl Iterator<Item = String> {
        entries(text).filter_map(|entry| Rule::parse(entry).err())
    }

    /// Whether a server is reached directly. Nothing is resolved for that.
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address = literal_address(&host).map(|address| address.to_canonical());
        self.0.iter().any(|rule| {
            rule.port.is_none_or(|only| only == port)
                && match (&rule.servers, address) {
                    (Servers::All, _) => true,
                    (Servers::Network(network, bits), Some(address)) => {
                        is_within(address, *network, *bits)
                    }
                    (Servers::Domain(domain), None) => host
                        .strip_suffix(domain.as_str())
                        .is_some_and(|before| before.is_empty() || before.ends_with('.')),
                    _ => false,
                }
        })
    }
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| character == ',' || character.is_whitespace())
        .filter(|entry| !entry.is_empty())
}

impl Rule {
    fn parse(entry: &str) -> Result<Self, String> {
        if let Some((network, bits)) = entry.split_once('/') {
            return network_of(network, bits)
                .map(|servers| Self {
                    servers,
                    port: None,
                })
                .ok_or_else(|| format!("{entry:?} is not a network such as 10.0.0.0/8"));
        }
        // An IPv6 address may stand without brackets, which leaves no place for a port.
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if entry.parse::<IpAddr>().is_err() && !port.ends_with(']') => {
                let port = port
                    .parse()
                    .ok()
                    .filter(|port| *port != 0)
                    .ok_or_else(|| format!("the port of {entry:?} must be from 1 to 65535"))?;
                (host, Some(port))
            }
            _ => (entry, None),
        };
        let servers = match literal_address(host) {
            Some(address) => whole(address),
            None if host == "*" => Servers::All,
            None => Servers::Domain(domain_of(host, entry)?),
        };
        Ok(Self { servers, port })
    }
}

fn domain_of(host: &str, entry: &str) -> Result<String, String> {
    let host = host
        .strip_prefix('*')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(host);
    let domain = host.trim_matches('.').to_ascii_lowercase();
    let is_name = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    match !domain.is_empty() && domain.chars().all(is_name) {
        true => Ok(domain),
        false => Err(format!(
            "{entry:?} is neither a host, a domain such as .example.com, an address, a network such as 10.0.0.0/8, nor *"
        )),
    }
}

fn network_of(network: &str, bits: &str) -> Option<Servers> {
    let address: IpAddr = network.parse().ok()?;
    let bits = bits.parse().ok().filter(|bits| *bits <= width(address))?;
    Some(Servers::Network(address, bits))
}

fn whole(address: IpAddr) -> Servers {
    let address = address.to_canonical();
    Servers::Network(address, width(address))
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    let below = width(network) - bits;
    address.is_ipv4() == network.is_ipv4()
        && number(address).checked_shr(below) == number(network).checked_shr(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_covered_by_name_domain_address_network_and_port() {
        for (rules, covered, others) in [
            ("", "", "a:1"),
            ("*", "a:1 [::1]:2 1.2.3.4:5", ""),
            (
                "example.com",
                "example.com:1 a.b.Example.com:2 example.com.:3",
                "badexample.com:1 com:1",
            ),
            (
                ".example.com",
                "example.com:1 a.example.com:1",
                "a.example.org:1",
            ),
            ("*.example.com", "a.example.com:1", "aexample.com:1"),
            ("a, b,,\tc", "a:1 b:1 c:1", "d:1 ca:1"),
            ("a:81 *:82", "a:81 b:82", "a:80 b:81"),
            ("10.1.2.3", "10.1.2.3:1", "10.1.2.4:1 a:1"),
            ("10.1.2.3:5", "10.1.2.3:5", "10.1.2.3:6"),
            (
                "10.0.0.0/8",
                "10.255.0.1:1",
                "11.0.0.1:1 [::a00:1]:1 ten.example:1",
            ),
            ("0.0.0.0/0", "10.255.0.1:1", "[::1]:1"),
            (
                "fd00::/8,::1",
                "[fd12::1]:1 [::1]:1",
                "[fe80::1]:1 127.0.0.1:1",
            ),
            ("[::1]:443", "[::1]:443", "[::1]:80"),
            ("[::1]", "[::1]:443", "[::2]:443"),
            ("127.0.0.1", "[::ffff:127.0.0.1]:1", ""),
        ] {
            let no_proxy = NoProxy::parse(rules).unwrap();
            let covers = |server: &str| {
                let (host, port) = server.rsplit_once(':').unwrap();
                no_proxy.covers(host, port.parse().unwrap())
            };
            for server in covered.split_whitespace() {
                assert!(covers(server), "{rules:?} must cover {server}");
            }
            for server in others.split_whitespace() {
                assert!(!covers(server), "{rules:?} must not cover {server}");
            }
        }
    }

    #[test]
    fn what_cannot_be_a_rule_is_named() {
        for wrong in [
            "10.0.0.0/33",
            "a/8",
            "::/129",
            "a:0",
            "a:b",
            "a*",
            "http://a",
            ".",
            "[::1",
        ] {
            let error = NoProxy::parse(&format!("fine,{wrong}")).unwrap_err();
            assert!(error.contains(&format!("{wrong:?}")), "{error}");
        }
    }
}
