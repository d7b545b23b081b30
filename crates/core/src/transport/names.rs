//! Host names to addresses: remembered, and never waited for longer than the call may.
//!
//! The system's resolver blocks without a limit, so it runs on a thread of its own. There is one at most; it ends when
//! no name is left to resolve.

use super::failure::{Cause, Failure};
use crate::call::{Call, Stop};
use crate::foundation::clock::Clock;
use crate::foundation::deadline::Deadline;
use crate::foundation::monitor::Monitor;
use crate::foundation::own_thread::OwnThreads;
use crate::model::{Phase, literal_address};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Enough for the system's resolver and what it loads.
const RESOLVER_STACK_BYTES: usize = 512 * 1024;

pub(super) struct Names {
    time_to_live: Duration,
    clock: Clock,
    /// Where callers ask and the resolver thread answers.
    requests: Arc<Monitor<Requests>>,
    threads: OwnThreads,
}

#[derive(Default)]
struct Requests {
    answers: HashMap<String, Answer>,
    wanted: VecDeque<String>,
    resolving: Option<String>,
    thread_runs: bool,
}

struct Answer {
    at: Instant,
    /// With the zone of a link-local one; without a port.
    addresses: Result<Vec<SocketAddr>, String>,
}

impl Names {
    pub(super) fn new(time_to_live: Duration, clock: Clock) -> Self {
        Self {
            time_to_live,
            clock,
            requests: Arc::default(),
            threads: OwnThreads::default(),
        }
    }

    /// The addresses of a host, from memory while they are fresh.
    pub(super) fn resolve(
        &self,
        host: &str,
        call: &Call,
        until: Deadline,
    ) -> Result<Vec<SocketAddr>, Failure> {
        if let Some(address) = literal_address(host) {
            return Ok(vec![SocketAddr::new(address, 0)]);
        }
        if let Some(addresses) = self.fresh(host) {
            return Ok(addresses);
        }
        let asked_at = self.clock.now();
        let resolved = call.wait_for(&self.requests, until, |requests| {
            match requests.answers.get(host) {
                Some(answer) if answer.at >= asked_at => {
                    let addresses = answer.addresses.clone();
                    Some(addresses.map_err(|reason| not_found(format!("{host}: {reason}"))))
                }
                // Each time round: another caller may have forgotten the answer before this one saw it.
                _ => self.ask(requests, host).err().map(Err),
            }
        });
        resolved.unwrap_or_else(|stop| Err(gave_up(stop, call, host)))
    }

    fn fresh(&self, host: &str) -> Option<Vec<SocketAddr>> {
        let requests = self.requests.lock();
        let answer = requests.answers.get(host)?;
        let is_fresh = self.clock.since(answer.at) < self.time_to_live;
        answer.addresses.as_ref().ok().filter(|_| is_fresh).cloned()
    }

    /// Has the resolver thread look for a host, unless it has been asked to already.
    fn ask(&self, requests: &mut Requests, host: &str) -> Result<(), Failure> {
        let is_asked = requests.resolving.as_deref() == Some(host)
            || requests.wanted.iter().any(|name| name == host);
        if !is_asked {
            requests.wanted.push_back(host.to_owned());
        }
        if !requests.thread_runs {
            self.start_thread().map_err(|error| {
                requests.wanted.clear();
                Failure::new(
                    Cause::Exhausted,
                    Phase::Resolve,
                    format!("no thread can be started for the resolver: {error}"),
                )
                .with_source(error)
            })?;
            requests.thread_runs = true;
        }
        Ok(())
    }

    /// Has the name resolved anew next time: its addresses did not answer.
    pub(super) fn forget(&self, host: &str) {
        self.requests.lock().answers.remove(host);
    }

    fn start_thread(&self) -> io::Result<()> {
        let (requests, clock) = (Arc::clone(&self.requests), self.clock.clone());
        let work = move || resolve_what_is_wanted(&requests, &clock);
        self.threads
            .start("polyai-resolver", RESOLVER_STACK_BYTES, work)
    }

    /// Waits until the resolver thread is gone, and returns whether it is. `left` says how long at most.
    pub(super) fn wait_for_resolver(&self, left: impl Fn() -> Option<Duration>) -> bool {
        self.threads.wait_until_none(left)
    }
}

fn resolve_what_is_wanted(requests: &Monitor<Requests>, clock: &Clock) {
    loop {
        let next = requests.change(|requests| {
            requests.resolving = requests.wanted.pop_front();
            requests.thread_runs = requests.resolving.is_some();
            requests.resolving.clone()
        });
        let Some(host) = next else {
            return;
        };
        let addresses = resolve_now(&host);
        let at = clock.now();
        let answer = Answer { at, addresses };
        requests.change(|requests| requests.answers.insert(host, answer));
    }
}

fn not_found(words: String) -> Failure {
    Failure::new(Cause::NameNotFound, Phase::Resolve, words)
}

fn resolve_now(host: &str) -> Result<Vec<SocketAddr>, String> {
    let mut addresses = Vec::new();
    for address in (in_words_of_the_resolver(host).as_ref(), 0)
        .to_socket_addrs()
        .map_err(|error| error.to_string())?
    {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err("the name has no address".to_owned());
    }
    Ok(addresses)
}

/// An address with a zone stands in a URL as `[fe80::1%25eth0]` (RFC 6874).
fn in_words_of_the_resolver(host: &str) -> Cow<'_, str> {
    match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => Cow::Owned(address.replacen("%25", "%", 1)),
        None => Cow::Borrowed(host),
    }
}

fn gave_up(stop: Stop, call: &Call, host: &str) -> Failure {
    if stop == Stop::DeadlinePassed && call.time_left().is_some() {
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

    const TIME_TO_LIVE: Duration = Duration::from_secs(30);

    fn resolve(names: &Names, host: &str) -> Result<Vec<SocketAddr>, Failure> {
        let patience = Duration::from_secs(20);
        let (options, token) = (CallOptions::default(), CancelToken::new());
        let call = Call::begin(&options, patience, &token, &names.clock).unwrap();
        names.resolve(host, &call, call.deadline)
    }

    fn answered_at(names: &Names) -> Instant {
        names.requests.lock().answers["localhost"].at
    }

    #[test]
    fn an_address_needs_no_resolver() {
        let names = Names::new(TIME_TO_LIVE, Clock::default());
        let addresses = resolve(&names, "[::1]").unwrap();
        assert_eq!(addresses, ["[::1]:0".parse().unwrap()]);
        assert!(names.requests.lock().answers.is_empty());
    }

    #[test]
    fn a_name_is_resolved_once_within_its_time_to_live() {
        let clock = Clock::movable();
        let names = Names::new(TIME_TO_LIVE, clock.clone());
        let first = resolve(&names, "localhost").unwrap();
        assert!(first.iter().all(|address| address.ip().is_loopback()) && !first.is_empty());
        let at = answered_at(&names);
        clock.advance(TIME_TO_LIVE / 2);
        resolve(&names, "localhost").unwrap();
        assert_eq!(answered_at(&names), at);
        clock.advance(TIME_TO_LIVE / 2);
        resolve(&names, "localhost").unwrap();
        let later = answered_at(&names);
        assert!(later > at);
        names.forget("localhost");
        resolve(&names, "localhost").unwrap();
        assert!(answered_at(&names) > later);
    }

    #[test]
    fn the_zone_of_an_address_is_kept() {
        let names = Names::new(TIME_TO_LIVE, Clock::default());
        for host in ["[fe80::1%251]", "[fe80::1%1]"] {
            let SocketAddr::V6(address) = resolve(&names, host).unwrap()[0] else {
                panic!("{host} is in IPv6");
            };
            assert_eq!((address.scope_id(), address.port()), (1, 0), "{host}");
        }
    }

    #[test]
    fn a_name_without_an_address_says_so() {
        let names = Names::new(TIME_TO_LIVE, Clock::default());
        let failure = resolve(&names, "no-such-host.invalid").unwrap_err();
        assert!(
            matches!(failure.cause, Cause::NameNotFound | Cause::ConnectTimeout),
            "{failure:?}"
        );
        assert!(failure.detail.contains("no-such-host.invalid"));
    }
}
