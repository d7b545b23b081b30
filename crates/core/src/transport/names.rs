//! Host names to addresses: remembered, and never waited for longer than the call may.
//!
//! The system's resolver blocks without a limit, so it runs on a thread of its own. There is one at most; it ends when
//! no name is left to resolve.

use super::failure::{Cause, Failure};
use crate::call::{Call, Interrupt, Stop};
use crate::foundation::deadline::Deadline;
use crate::foundation::own_thread;
use crate::foundation::sync::{Condvar, Mutex, PoisonError, lock};
use crate::model::{Phase, literal_address};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Enough for the system's resolver and what it loads.
const RESOLVER_STACK_BYTES: usize = 512 * 1024;

pub(super) struct Names {
    time_to_live: Duration,
    board: Arc<Board>,
}

/// Where callers ask and the resolver thread answers.
#[derive(Default)]
struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    wanted: VecDeque<String>,
    resolving: Option<String>,
    thread_runs: bool,
}

struct Answer {
    at: Instant,
    addresses: Result<Vec<IpAddr>, String>,
}

impl Interrupt for Board {
    fn interrupt(&self) {
        // Taken, so that a caller between its check and its waiting cannot miss this.
        let _state = lock(&self.state);
        self.changed.notify_all();
    }
}

impl Names {
    pub(super) fn new(time_to_live: Duration) -> Self {
        Self {
            time_to_live,
            board: Arc::default(),
        }
    }

    /// The addresses of a host, from memory while they are fresh.
    pub(super) fn resolve(
        &self,
        host: &str,
        call: &Call,
        until: Deadline,
    ) -> Result<Vec<IpAddr>, Failure> {
        if let Some(address) = literal_address(host) {
            return Ok(vec![address]);
        }
        call.cancel.attach(self.board.clone());
        let asked_at = Instant::now();
        let mut state = lock(&self.board.state);
        if let Some(addresses) = state.fresh(host, self.time_to_live) {
            return Ok(addresses);
        }
        loop {
            if let Some(answer) = state
                .answers
                .get(host)
                .filter(|answer| answer.at >= asked_at)
            {
                return match &answer.addresses {
                    Ok(addresses) => Ok(addresses.clone()),
                    Err(reason) => Err(Failure::new(
                        Cause::NameNotFound,
                        Phase::Resolve,
                        format!("{host}: {reason}"),
                    )),
                };
            }
            // Each time round: another caller may have forgotten the answer before this one saw it.
            state.ask(host);
            if !state.thread_runs {
                self.start_thread().map_err(|error| {
                    state.wanted.clear();
                    Failure::new(
                        Cause::NameNotFound,
                        Phase::Resolve,
                        format!("no thread for the resolver: {error}"),
                    )
                    .with_source(error)
                })?;
                state.thread_runs = true;
            }
            drop(state);
            // The caller's check runs in here, so no lock is held.
            let patience = call
                .may_block(until)
                .map_err(|stop| gave_up(stop, call, host))?;
            state = lock(&self.board.state);
            let is_asked = state.is_asked(host);
            if is_asked && !call.cancel.is_cancelled() {
                (state, _) = self
                    .board
                    .changed
                    .wait_timeout(state, patience)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Has the name resolved anew next time: its addresses did not answer.
    pub(super) fn forget(&self, host: &str) {
        lock(&self.board.state).answers.remove(host);
    }

    fn start_thread(&self) -> io::Result<()> {
        let board = Arc::clone(&self.board);
        own_thread::start("polyai-resolver", RESOLVER_STACK_BYTES, move || {
            board.resolve_what_is_wanted();
        })
    }
}

impl State {
    fn fresh(&self, host: &str, time_to_live: Duration) -> Option<Vec<IpAddr>> {
        let answer = self.answers.get(host)?;
        let fresh = answer.at.elapsed() < time_to_live;
        answer.addresses.as_ref().ok().filter(|_| fresh).cloned()
    }

    /// The resolver has it before it, or is at it.
    fn is_asked(&self, host: &str) -> bool {
        self.resolving.as_deref() == Some(host) || self.wanted.iter().any(|name| name == host)
    }

    fn ask(&mut self, host: &str) {
        if !self.is_asked(host) {
            self.wanted.push_back(host.to_owned());
        }
    }
}

impl Board {
    fn resolve_what_is_wanted(&self) {
        let mut state = lock(&self.state);
        while let Some(host) = state.wanted.pop_front() {
            state.resolving = Some(host.clone());
            drop(state);
            let addresses = resolve_now(&host);
            state = lock(&self.state);
            state.resolving = None;
            state.answers.insert(
                host,
                Answer {
                    at: Instant::now(),
                    addresses,
                },
            );
            self.changed.notify_all();
        }
        state.thread_runs = false;
    }
}

fn resolve_now(host: &str) -> Result<Vec<IpAddr>, String> {
    let mut addresses = Vec::new();
    for address in (host, 0)
        .to_socket_addrs()
        .map_err(|error| error.to_string())?
    {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    if addresses.is_empty() {
        return Err("the name has no address".to_owned());
    }
    Ok(addresses)
}

fn gave_up(stop: Stop, call: &Call, host: &str) -> Failure {
    if stop == Stop::DeadlinePassed && call.deadline.remaining().is_some() {
        return Failure::new(
            Cause::ConnectTimeout,
            Phase::Resolve,
            format!("{host}: the name server does not answer"),
        );
    }
    Failure::stopped(stop, Phase::Resolve)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallOptions, CancelToken};

    fn call() -> Call {
        Call::begin(
            &CallOptions::default(),
            Duration::from_secs(20),
            &CancelToken::new(),
        )
        .unwrap()
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    #[test]
    fn an_address_needs_no_resolver() {
        let names = Names::new(Duration::from_secs(30));
        let addresses = names.resolve("[::1]", &call(), soon()).unwrap();
        assert_eq!(addresses, ["::1".parse::<IpAddr>().unwrap()]);
        assert!(lock(&names.board.state).answers.is_empty());
    }

    #[test]
    fn a_name_is_resolved_once_within_its_time_to_live() {
        let names = Names::new(Duration::from_secs(30));
        let first = names.resolve("localhost", &call(), soon()).unwrap();
        assert!(first.iter().all(IpAddr::is_loopback) && !first.is_empty());
        let at = lock(&names.board.state).answers["localhost"].at;
        names.resolve("localhost", &call(), soon()).unwrap();
        assert_eq!(lock(&names.board.state).answers["localhost"].at, at);
        names.forget("localhost");
        names.resolve("localhost", &call(), soon()).unwrap();
        assert!(lock(&names.board.state).answers["localhost"].at > at);
    }

    #[test]
    fn a_name_without_an_address_says_so() {
        let names = Names::new(Duration::from_secs(30));
        let failure = names
            .resolve("no-such-host.invalid", &call(), soon())
            .unwrap_err();
        assert!(
            matches!(failure.cause, Cause::NameNotFound | Cause::ConnectTimeout),
            "{failure:?}"
        );
        assert!(failure.detail.contains("no-such-host.invalid"));
    }
}
