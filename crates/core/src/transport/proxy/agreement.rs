//! An agreement with a proxy while it is being made.

use crate::call::Stop;
use crate::config::Proxy;
use crate::model::Phase;
use crate::transport::carrier::Bytes;
use crate::transport::failure::{Cause, Failure, stop_of};
use crate::transport::route::Route;
use crate::transport::stream::Stream;
use std::io;
use std::net::IpAddr;

/// Where the proxy is asked to connect to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Destination<'a> {
    Name(&'a str),
    Address(IpAddr),
}

/// A proxy that is being asked, byte by byte: nothing behind its answer may be taken, it is the service's.
pub(super) struct Agreement<'a> {
    pub(super) proxy: &'a Proxy,
    pub(super) stream: Stream,
    pub(super) route: Route<'a>,
}

impl Agreement<'_> {
    #[cold]
    #[inline(never)]
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Route { call, until, .. } = self.route;
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

    #[cold]
    #[inline(never)]
    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        let Route { call, until, .. } = self.route;
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
    #[cold]
    #[inline(never)]
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

    #[cold]
    #[inline(never)]
    fn broken(&self, error: io::Error) -> Failure {
        match stop_of(&error) {
            Some(Stop::DeadlinePassed) if self.route.call.time_left().is_some() => Failure::new(
                Cause::ConnectTimeout,
                Phase::Proxy,
                "the proxy gives no complete answer",
            ),
            Some(stop) => Failure::stopped(stop, Phase::Proxy),
            None => refused(format!("it broke the connection: {error}")).with_source(error),
        }
    }
}

/// The proxy does not connect us, or makes no sense.
pub(super) fn refused(words: impl Into<String>) -> Failure {
    Failure::new(Cause::ProxyRefused, Phase::Proxy, words)
}
