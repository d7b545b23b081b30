//! The way through a proxy: to the proxy, an agreement with it, and from then on the service's bytes only.

use super::{http, socks};
use crate::call::Stop;
use crate::config::{Proxy, ProxyProtocol};
use crate::foundation::deadline::Deadline;
use crate::model::{Phase, literal_address};
use crate::transport::connect::{ConnectionReport, ProxyReport, Target, Way};
use crate::transport::failure::{Cause, Failure, stop_of};
use crate::transport::stream::{Bytes, Stream};
use crate::transport::tls::Peer;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Where the proxy is asked to connect to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Destination<'a> {
    Name(&'a str),
    Address(IpAddr),
}

/// Connects to the service through a proxy.
pub(in crate::transport) fn open(
    proxy: &Proxy,
    target: &Target,
    way: Way<'_>,
    report: &mut ConnectionReport,
) -> Result<Stream, Failure> {
    let addresses = match (literal_address(&target.host), proxy.protocol) {
        (Some(address), _) => vec![address],
        (None, ProxyProtocol::Socks5) => way.names.resolve(&target.host, way.call, way.until)?,
        (None, _) => return through(proxy, target, Destination::Name(&target.host), way, report),
    };
    let mut refusals: Vec<String> = Vec::new();
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let way_of_one = Way {
            until: share(way.until, left),
            ..way
        };
        left = left.saturating_sub(1);
        let outcome = through(
            proxy,
            target,
            Destination::Address(address),
            way_of_one,
            report,
        );
        let Err(mut failure) = outcome else {
            return outcome;
        };
        let may_be_the_address = match failure.cause {
            Cause::ProxyRefused => true,
            Cause::ConnectTimeout => failure.phase == Phase::Proxy,
            _ => false,
        };
        if left > 0 && may_be_the_address {
            refusals.push(failure.detail);
            continue;
        }
        way.names.forget(&target.host);
        refusals.push(std::mem::take(&mut failure.detail));
        failure.detail = refusals.join("; ");
        return Err(failure);
    }
    Err(Failure::new(
        Cause::NameNotFound,
        Phase::Resolve,
        "the name has no address",
    ))
}

/// What one of several tries may take of the time that is left.
fn share(until: Deadline, tries: u32) -> Deadline {
    let left = until.remaining().unwrap_or(Duration::ZERO);
    Deadline::after(left / tries.max(1)).earlier_of(until)
}

fn through(
    proxy: &Proxy,
    target: &Target,
    destination: Destination<'_>,
    way: Way<'_>,
    report: &mut ConnectionReport,
) -> Result<Stream, Failure> {
    let socket = way
        .reach(&proxy.host, proxy.port, report)
        .map_err(|failure| failure.of_proxy(proxy))?;
    let began = Instant::now();
    let stream = agree(proxy, target, destination, way, socket)
        .map_err(|failure| failure.of_proxy(proxy))?;
    report.proxy = Some(ProxyReport {
        url: proxy.to_string(),
        elapsed: began.elapsed(),
    });
    Ok(stream)
}

fn agree(
    proxy: &Proxy,
    target: &Target,
    destination: Destination<'_>,
    way: Way<'_>,
    mut socket: crate::transport::socket::DeadlineSocket,
) -> Result<Stream, Failure> {
    let to_proxy = match proxy.protocol {
        ProxyProtocol::Https => {
            let session =
                way.tls
                    .connect(Peer::Proxy, &proxy.host, &mut socket, way.call, way.until)?;
            Some(Box::new(session))
        }
        ProxyProtocol::Http | ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => None,
    };
    let mut agreement = Agreement {
        proxy,
        stream: Stream::new(socket, to_proxy),
        way,
    };
    match proxy.protocol.is_socks() {
        true => socks::connect(&mut agreement, destination, target.port)?,
        false => http::connect(&mut agreement, &target.host, target.port)?,
    }
    Ok(agreement.stream)
}

/// A proxy that is being asked, byte by byte: nothing behind its answer may be taken, it is the service's.
pub(super) struct Agreement<'a> {
    pub(super) proxy: &'a Proxy,
    stream: Stream,
    way: Way<'a>,
}

impl Agreement<'_> {
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Way { call, until, .. } = self.way;
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self
                .stream
                .send(rest, call, until)
                .map_err(|error| self.broken(error))?;
            rest = rest.get(count..).unwrap_or_default();
        }
        self.stream
            .flush(call, until)
            .map_err(|error| self.broken(error))
    }

    pub(super) fn read_exact<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        let Way { call, until, .. } = self.way;
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.stream.receive(rest, call, until) {
                Ok(0) => return Err(refused("it ended the connection without a complete answer")),
                Ok(count) => rest = rest.get_mut(count..).unwrap_or_default(),
                Err(error) => return Err(self.broken(error)),
            }
        }
        Ok(())
    }

    /// The proxy does not accept who we are, or wants to know.
    pub(super) fn wrong_credentials(&self, given: &str, missing: &str) -> Failure {
        let words = match &self.proxy.credentials {
            Some(_) => format!(
                "{given}; check user name and password in {}",
                self.proxy.origin
            ),
            None => format!(
                "{missing}; give user name and password in {}, in front of the host as USER:PASSWORD@",
                self.proxy.origin
            ),
        };
        Failure::new(Cause::ProxyCredentials, Phase::Proxy, words)
    }

    fn broken(&self, error: io::Error) -> Failure {
        match stop_of(&error) {
            Some(Stop::DeadlinePassed) if self.way.call.deadline.remaining().is_some() => {
                Failure::new(
                    Cause::ConnectTimeout,
                    Phase::Proxy,
                    "the proxy gives no complete answer",
                )
            }
            Some(stop) => Failure::stopped(stop, Phase::Proxy),
            None => refused(format!("it broke the connection: {error}")).with_source(error),
        }
    }
}

/// The proxy does not connect us, or makes no sense.
pub(super) fn refused(words: impl Into<String>) -> Failure {
    Failure::new(Cause::ProxyRefused, Phase::Proxy, words)
}
