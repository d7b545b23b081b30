//! The route through a proxy: to the proxy, an agreement with it, and from then on the service's bytes only.

use super::agreement::{Agreement, Destination};
use super::{http, socks};
use crate::config::{Proxy, ProxyProtocol};
use crate::foundation::clock::Clock;
use crate::foundation::deadline::Deadline;
use crate::model::{Phase, literal_address};
use crate::transport::failure::{Cause, Failure};
use crate::transport::report::{ConnectionReport, ProxyReport};
use crate::transport::route::{Route, Target};
use crate::transport::socket::DeadlineSocket;
use crate::transport::stream::Stream;
use crate::transport::tls::Peer;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Connects to the service through a proxy.
pub(in crate::transport) fn open(
    proxy: &Proxy,
    target: &Target,
    route: Route<'_>,
    report: &mut ConnectionReport,
) -> Result<Stream, Failure> {
    let addresses = match (literal_address(&target.host), proxy.protocol) {
        (Some(address), _) => vec![address],
        (None, ProxyProtocol::Socks5) => {
            let found = route.names.resolve(&target.host, route.call, route.until)?;
            found.iter().map(SocketAddr::ip).collect()
        }
        (None, _) => {
            return through(
                proxy,
                target,
                Destination::Name(&target.host),
                route,
                report,
            );
        }
    };
    let mut refusals: Vec<String> = Vec::new();
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let route_of_one = Route {
            until: share(route.until, left, &route.call.clock),
            ..route
        };
        left = left.saturating_sub(1);
        let outcome = through(
            proxy,
            target,
            Destination::Address(address),
            route_of_one,
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
        route.names.forget(&target.host);
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
fn share(until: Deadline, tries: u32, clock: &Clock) -> Deadline {
    let left = until.remaining(clock).unwrap_or(Duration::ZERO);
    Deadline::after(left / tries.max(1), clock).earlier_of(until)
}

fn through(
    proxy: &Proxy,
    target: &Target,
    destination: Destination<'_>,
    route: Route<'_>,
    report: &mut ConnectionReport,
) -> Result<Stream, Failure> {
    let socket = route
        .reach(&proxy.host, proxy.port, report)
        .map_err(|failure| failure.of_proxy(proxy))?;
    let began = Instant::now();
    let stream = agree(proxy, target, destination, route, socket)
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
    route: Route<'_>,
    mut socket: DeadlineSocket,
) -> Result<Stream, Failure> {
    let to_proxy = match proxy.protocol {
        ProxyProtocol::Https => {
            let session = route.tls.connect(
                Peer::Proxy,
                &proxy.host,
                &mut socket,
                route.call,
                route.until,
            )?;
            Some(Box::new(session))
        }
        ProxyProtocol::Http | ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => None,
    };
    let mut agreement = Agreement {
        proxy,
        stream: Stream::new(socket, to_proxy),
        route,
    };
    match proxy.protocol.is_socks() {
        true => socks::connect(&mut agreement, destination, target.port)?,
        false => http::connect(&mut agreement, &target.host, target.port)?,
    }
    Ok(agreement.stream)
}
