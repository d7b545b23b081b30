//! Everything that knows ureq and sockets: a request goes in, one complete answer or one truthful failure comes out.
//!
//! ureq carries every request. What it would do by itself between requests is ours: which connection a call takes
//! ([`pool`]), how a name is resolved ([`names`]), how a connection is opened ([`connect`], [`proxy`]), and how its
//! bytes move inside the call's deadline ([`wire`], [`stream`], [`socket`]).

use super::connect;
use super::connection::{self, Connection, Incoming};
use super::failure::Failure;
use super::message::Outgoing;
use super::names::Names;
use super::options::TransportOptions;
use super::pool::Pool;
use super::report::ConnectionReport;
use super::tls::Tls;
use super::way::Target;
use super::{identity, trust};
use crate::call::Call;
use crate::config::Settings;
use crate::foundation::deadline::Deadline;
use crate::foundation::fork::PerProcess;
use crate::model::Error;
use std::sync::Arc;

/// How a client reaches the service.
pub(crate) struct Transport {
    options: TransportOptions,
    live: PerProcess<Live>,
}

/// What holds sockets and locks, and therefore belongs to one process only.
struct Live {
    pool: Arc<Pool>,
    names: Arc<Names>,
    tls: Arc<Tls>,
}

impl Live {
    fn new(options: &TransportOptions) -> Self {
        Self {
            pool: Arc::new(Pool::new(
                options.idle_timeout,
                options.max_idle_connections,
            )),
            names: Arc::new(Names::new(options.name_ttl)),
            tls: Arc::new(Tls::new(
                options.extra_roots.clone(),
                options.identity.clone(),
            )),
        }
    }
}

impl Transport {
    /// Reads what the settings point to. Opens no socket and starts no thread.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let mut extra_roots = Vec::new();
        for source in &settings.authorities {
            extra_roots.extend(trust::read_roots(source)?);
        }
        let identity = settings
            .client_certificate
            .as_ref()
            .map(identity::read)
            .transpose()?;
        let options = TransportOptions {
            target: Arc::new(Target::new(&settings.base, settings.proxy.clone())),
            extra_roots,
            identity,
            connect_timeout: settings.connect_timeout,
            idle_timeout: settings.idle_timeout,
            max_idle_connections: settings.max_idle_connections,
            name_ttl: settings.name_ttl,
            max_body_bytes: settings.max_body_bytes,
            max_header_bytes: settings.max_header_bytes,
            http: connection::http_config(settings.max_header_bytes),
        };
        Ok(Self {
            live: PerProcess::new(Live::new(&options)),
            options,
        })
    }

    /// Sends one request once and reads its answer.
    pub(crate) fn send(
        &self,
        call: &Arc<Call>,
        outgoing: &Outgoing<'_>,
    ) -> Result<Incoming, Failure> {
        let live = self.live();
        let connection = match live.pool.take() {
            Some(connection) => connection,
            None => Connection::new(
                &self.options,
                Arc::clone(&live.names),
                Arc::clone(&live.tls),
            ),
        };
        connection.run(call, outgoing, &live.pool)
    }

    /// Opens a connection as a call would, says how it went, and closes it. Sends no request.
    pub(crate) fn inspect(&self, call: &Call) -> (ConnectionReport, Result<(), Failure>) {
        let live = self.live();
        let until = Deadline::after(self.options.connect_timeout);
        let mut report = ConnectionReport::default();
        let opened = connect::open(
            &self.options.target,
            &live.names,
            &live.tls,
            call,
            until,
            &mut report,
        );
        call.cancel.detach();
        (report, opened.map(drop))
    }

    /// Opens a connection and keeps it for the next call, unless one is idle already. Sends no request.
    pub(crate) fn warm_up(&self, call: &Arc<Call>) -> Result<(), Failure> {
        let live = self.live();
        if live.pool.holds_one_that_is_alive() {
            return Ok(());
        }
        let connection = Connection::new(
            &self.options,
            Arc::clone(&live.names),
            Arc::clone(&live.tls),
        );
        live.pool.put(connection.warmed_up(call)?);
        Ok(())
    }

    /// Closes every idle connection, and those that calls give back from now on.
    pub(crate) fn close_idle(&self) {
        self.live().pool.close();
    }

    /// Adds connections that were never opened, for the micro-benchmarks.
    pub(crate) fn add_idle(&self, count: u32) {
        let live = self.live();
        for _ in 0..count {
            let (names, tls) = (Arc::clone(&live.names), Arc::clone(&live.tls));
            live.pool.put(Connection::new(&self.options, names, tls));
        }
    }

    /// Takes a connection and puts it back, for the micro-benchmarks; tells whether there was one.
    pub(crate) fn take_and_put_idle(&self) -> bool {
        let pool = &self.live().pool;
        pool.take().map(|connection| pool.put(connection)).is_some()
    }

    pub(crate) fn idle_connections(&self) -> usize {
        self.live().pool.len()
    }

    fn live(&self) -> &Live {
        self.live.get(|| Live::new(&self.options))
    }
}
