//! Where in its course a call is.

use std::fmt;

/// Where in its course a call was. Since 0.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Checking arguments and configuration.
    Prepare,
    /// Waiting for an earlier turn of the same conversation.
    Queue,
    /// Resolving the host name.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// Agreeing with the proxy: its own TLS, CONNECT or SOCKS.
    Proxy,
    /// The TLS handshake with the service.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the answer and reading its headers.
    Headers,
    /// Reading the answer's body.
    Body,
    /// Reading what the answer says.
    Reply,
    /// Waiting before another attempt.
    Pause,
}

impl Phase {
    /// The stable name, such as `connect`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Queue => "queue",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Reply => "reply",
            Self::Pause => "pause",
        }
    }

    /// What the call was doing, to stand after "while".
    pub(crate) const fn doing(self) -> &'static str {
        match self {
            Self::Prepare => "preparing the request",
            Self::Queue => "waiting for an earlier turn of the conversation",
            Self::Resolve => "resolving the host name",
            Self::Connect => "connecting",
            Self::Proxy => "agreeing with the proxy",
            Self::Tls => "agreeing on TLS",
            Self::Send => "sending the request",
            Self::Headers => "waiting for the answer",
            Self::Body => "reading the answer",
            Self::Reply => "reading what the answer says",
            Self::Pause => "waiting before another attempt",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
