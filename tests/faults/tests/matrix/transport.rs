//! How a client reaches the server. Another way is another line of the table.

use crate::servers::{self, Server};

pub(crate) struct Transport {
    pub(crate) name: &'static str,
    /// The server speaks TLS.
    pub(crate) is_secure: bool,
    way: Way,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    HttpProxy,
    Socks5,
}

pub(crate) const TRANSPORTS: &[Transport] = &[
    transport("plain", false, Way::Direct),
    transport("TLS", true, Way::Direct),
    transport("plain through an HTTP proxy", false, Way::HttpProxy),
    transport("TLS through an HTTP proxy", true, Way::HttpProxy),
    transport("plain through SOCKS5", false, Way::Socks5),
    transport("TLS through SOCKS5", true, Way::Socks5),
];

const fn transport(name: &'static str, is_secure: bool, way: Way) -> Transport {
    Transport {
        name,
        is_secure,
        way,
    }
}

impl Transport {
    pub(crate) fn is_direct(&self) -> bool {
        self.way == Way::Direct
    }
}

/// The proxies that run while the matrix does; none of them is ours. They end when this is dropped.
pub(crate) struct Proxies {
    http: Server,
    socks5: Server,
}

impl Proxies {
    /// `None` where they are not installed, which is a failure in CI.
    pub(crate) fn start() -> Option<Self> {
        servers::are_there(&["tinyproxy", "microsocks"]).then(|| Self {
            http: servers::tinyproxy_without_log(),
            socks5: servers::microsocks(false),
        })
    }

    /// What the option `proxy` says for a transport.
    pub(crate) fn address(&self, transport: &Transport) -> Option<String> {
        match transport.way {
            Way::Direct => None,
            Way::HttpProxy => Some(format!("http://127.0.0.1:{}", self.http.port)),
            Way::Socks5 => Some(format!("socks5://127.0.0.1:{}", self.socks5.port)),
        }
    }
}
