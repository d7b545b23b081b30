//! A request goes in, one complete answer or one truthful failure comes out.

use super::connection::{Connection, Opener};
use super::failure::Failure;
use super::message::Outgoing;
use super::names::Names;
use super::options::{Limits, TransportOptions};
use super::pool::{Incoming, Pool};
use super::report::ConnectionReport;
use super::route::Target;
use super::tls::{ALL_VERSIONS, ONLY_TLS_13, Tls};
use super::trace::Trace;
use super::trust::{self, Authorities};
use crate::call::Call;
use crate::config::Settings;
use crate::foundation::fork::PerProcess;
use crate::model::Error;
use std::time::Duration;

/// How a client reaches the service.
pub(crate) struct Transport {
    options: TransportOptions,
    live: PerProcess<Live>,
}

/// What holds sockets and locks, and therefore belongs to one process only.
struct Live {
    pool: Pool,
    names: Names,
    tls: Tls,
}

impl Live {
    fn new(options: &TransportOptions) -> Self {
        Self {
            pool: Pool::new(
                options.idle_timeout,
                options.max_idle_connections,
                options.clock.clone(),
            ),
            names: Names::new(options.name_ttl, options.clock.clone()),
            tls: Tls::new(
                options.authorities.clone(),
                options.tls_versions,
                options.identity.clone(),
            ),
        }
    }
}

impl Transport {
    /// Reads what the settings point to. Opens no socket and starts no thread.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let mut authorities = Authorities {
            given: Vec::new(),
            system: settings.system_authorities,
        };
        for source in &settings.authorities {
            authorities.given.extend(trust::read_roots(source)?);
        }
        let identity = settings
            .client_certificate
            .as_ref()
            .map(super::identity::read)
            .transpose()?;
        let options = TransportOptions {
            target: Target::new(&settings.base, settings.proxy.clone()),
            authorities,
            tls_versions: match settings.requires_tls_13 {
                true => ONLY_TLS_13,
                false => ALL_VERSIONS,
            },
            identity,
            connect_timeout: settings.connect_timeout,
            idle_timeout: settings.idle_timeout,
            max_idle_connections: settings.max_idle_connections,
            name_ttl: settings.name_ttl,
            clock: settings.clock.clone(),
            limits: Limits {
                max_body_bytes: settings.max_body_bytes,
                max_header_bytes: settings.max_header_bytes,
            },
        };
        Ok(Self {
            live: PerProcess::new(Live::new(&options)),
            options,
        })
    }

    /// Sends one request once and reads its answer.
    pub(crate) fn send(
        &self,
        call: &Call,
        outgoing: &Outgoing<'_>,
    ) -> Result<Incoming<'_>, Failure> {
        let live = self.live();
        let mut connection = live.pool.take().unwrap_or_default();
        let mut trace = Trace::default();
        match connection.run(call, outgoing, self.opener(live), &mut trace) {
            Ok(received) => Ok(Incoming::new(received, trace, connection, &live.pool)),
            Err(failure) => Err(Failure {
                sent: trace.bytes_sent > 0,
                trace: Box::new(trace),
                ..failure
            }),
        }
    }

    /// Opens a connection as a call would, says how it went, and closes it. Sends no request.
    pub(crate) fn inspect(&self, call: &Call) -> (ConnectionReport, Result<(), Failure>) {
        let mut report = ConnectionReport::default();
        let opened = self.opener(self.live()).open(call, &mut report);
        call.cancel.detach();
        (report, opened.map(drop))
    }

    /// Opens a connection and keeps it for the next call, unless one is idle already. Sends no request.
    pub(crate) fn warm_up(&self, call: &Call) -> Result<(), Failure> {
        let live = self.live();
        if live.pool.holds_one_that_is_alive() {
            return Ok(());
        }
        let mut connection = Box::<Connection>::default();
        connection.open_ahead(call, self.opener(live))?;
        live.pool.put(connection);
        Ok(())
    }

    /// Closes every idle connection, and those that calls give back from now on.
    pub(crate) fn close_idle(&self) {
        self.live().pool.close();
    }

    /// Waits until the resolver thread is gone, and returns whether it is. `left` says how long at most.
    pub(crate) fn wait_for_resolver(&self, left: impl Fn() -> Option<Duration>) -> bool {
        self.live().names.wait_for_resolver(left)
    }

    /// Adds connections that were never opened, for the micro-benchmarks.
    pub(crate) fn add_idle(&self, count: u32) {
        let live = self.live();
        for _ in 0..count {
            live.pool.put(Box::<Connection>::default());
        }
    }

    /// Takes a connection and puts it back, for the micro-benchmarks; returns whether there was one.
    pub(crate) fn take_and_put_idle(&self) -> bool {
        let pool = &self.live().pool;
        pool.take().map(|connection| pool.put(connection)).is_some()
    }

    pub(crate) fn idle_connections(&self) -> usize {
        self.live().pool.len()
    }

    fn opener<'a>(&'a self, live: &'a Live) -> Opener<'a> {
        Opener {
            options: &self.options,
            names: &live.names,
            tls: &live.tls,
        }
    }

    fn live(&self) -> &Live {
        self.live.get(|| Live::new(&self.options))
    }
}
