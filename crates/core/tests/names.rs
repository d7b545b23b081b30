//! Names and addresses: a name server that is silent, one that answers, one whose answer changes, and hosts of which most
//! addresses are dead. They live in a network namespace of this test's own.
#![cfg(test)]
#![cfg(target_os = "linux")]

mod fixture;
#[path = "../../../tests/lateness.rs"]
mod lateness;
#[path = "../../../tests/not_run.rs"]
mod not_run;
mod own_process;

use fixture::{BlackHole, builder, config};
use lateness::Lateness;
use own_process::threads_named;
use polyai_chat_core::{CancelToken, Client, Create, Delivery, ErrorKind, Phase};
use polyai_chat_simulator::{Action, Fault, Operation};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Set where the test runs inside its namespace.
const INSIDE: &str = "POLYAI_TEST_IN_NAMESPACE";
const NAME_SERVER: &str = "127.0.0.53:53";
const DEADLINE: Duration = Duration::from_millis(600);
const BOUND: Duration = Duration::from_millis(1600);

/// Makes a namespace with a loopback device and a resolver configuration of its own.
const ENTER: &str = "
set -e
echo 'nameserver 127.0.0.53' > \"$0\"
mount --bind \"$0\" /etc/resolv.conf
ip link set lo up 2> /dev/null || python3 -c \"$LOOPBACK_UP\"
exec \"$@\"
";

/// For a machine without iproute2: `SIOCSIFFLAGS` with `IFF_UP` and `IFF_RUNNING`.
const LOOPBACK_UP: &str = "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x41))";

fn run_inside(test: &str) {
    let resolver = tempfile::NamedTempFile::new().unwrap();
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "--net", "sh", "-c", ENTER])
        .arg(resolver.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .env("LOOPBACK_UP", LOOPBACK_UP)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => panic!("`unshare` of util-linux is needed: {error}"),
    };
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let cannot = ["unshare failed", "Operation not permitted"];
    if !output.status.success() && cannot.iter().any(|sign| text.contains(sign)) {
        not_run::not_run(&format!(
            "no network namespace can be made here: {}",
            text.trim()
        ));
        return;
    }
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    run_inside(test);
    false
}

/// A name server that answers every question for an IPv4 address with these, and counts.
struct NameServer {
    addresses: Arc<Mutex<Vec<Ipv4Addr>>>,
    questions: Arc<AtomicUsize>,
}

impl NameServer {
    fn start(addresses: &[Ipv4Addr]) -> Self {
        let server = Self {
            addresses: Arc::new(Mutex::new(addresses.to_vec())),
            questions: Arc::default(),
        };
        let (addresses, questions) = (Arc::clone(&server.addresses), Arc::clone(&server.questions));
        let socket = UdpSocket::bind(NAME_SERVER).unwrap();
        thread::spawn(move || {
            let mut packet = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                let question = &packet[12..length];
                let end = question.iter().position(|byte| *byte == 0).unwrap() + 5;
                let asks_for_ipv4 = question[end - 3] == 1;
                let known = if asks_for_ipv4 {
                    addresses.lock().unwrap().clone()
                } else {
                    Vec::new()
                };
                questions.fetch_add(usize::from(asks_for_ipv4), Ordering::Relaxed);
                let mut answer = packet[..2].to_vec();
                answer.extend([
                    0x81,
                    0x80,
                    0,
                    1,
                    0,
                    u8::try_from(known.len()).unwrap(),
                    0,
                    0,
                    0,
                    0,
                ]);
                answer.extend(&question[..end]);
                for address in known {
                    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                    answer.extend(address.octets());
                }
                socket.send_to(&answer, from).unwrap();
            }
        });
        server
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }
}

fn named(port: u16) -> polyai_chat_core::Config {
    config(&format!("http://service.test:{port}")).allow_plain_http(true)
}

#[test]
fn a_silent_name_server_holds_no_call_beyond_its_deadline() {
    if !inside("a_silent_name_server_holds_no_call_beyond_its_deadline") {
        return;
    }
    let _silent = UdpSocket::bind(NAME_SERVER).unwrap();
    let client = Client::new(named(80)).unwrap();
    let lateness = Lateness::measure();
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let error = client.create(Create::new().timeout(DEADLINE)).unwrap_err();
                assert_eq!(
                    (error.kind(), error.delivery(), error.phase()),
                    (ErrorKind::Timeout, Delivery::NotSent, Phase::Resolve),
                    "{error}"
                );
            });
        }
    });
    lateness.assert_within(BOUND);
    assert!(threads_named("polyai-resolver") <= 1);
    let token = CancelToken::new();
    thread::scope(|scope| {
        let running = scope.spawn(|| client.create(Create::new().cancel(&token)));
        let lateness = Lateness::measure();
        while !running.is_finished() {
            token.cancel();
            thread::yield_now();
        }
        lateness.assert_within(BOUND);
        let error = running.join().unwrap().unwrap_err();
        fixture::check(&error, ErrorKind::Cancelled, Delivery::NotSent);
    });
    let client = Client::new(named(80).connect_timeout(DEADLINE).max_attempts(1)).unwrap();
    let error = client.create(Create::new()).unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Connect, Phase::Resolve),
        "{error}"
    );
    assert!(
        error.message().contains("the name server does not answer"),
        "{error}"
    );
}

#[test]
fn a_name_is_asked_for_once_and_a_changed_address_is_found() {
    if !inside("a_name_is_asked_for_once_and_a_changed_address_is_found") {
        return;
    }
    let names = NameServer::start(&[Ipv4Addr::LOCALHOST]);
    let simulator = builder().start().unwrap();
    let port = simulator.address().port();
    let client = Client::new(named(port)).unwrap();
    let conversation = client.create(Create::new()).unwrap();
    // Each reply announces that its connection ends, so that every turn needs a new one.
    let close = Action::AddHeaders {
        lines: vec!["Connection: close".to_owned()],
        filler: 0,
    };
    simulator.fail(Fault::new(close)).unwrap();
    for _ in 0..20 {
        conversation.respond("a").unwrap();
    }
    assert!(simulator.connections() >= 20);
    assert_eq!(names.questions(), 1);

    drop(simulator);
    let moved = Ipv4Addr::new(127, 0, 0, 2);
    let elsewhere = builder().listen((moved, port).into()).start().unwrap();
    *names.addresses.lock().unwrap() = vec![moved];
    client.create(Create::new()).unwrap();
    assert_eq!(
        (elsewhere.requests_to(Operation::Create), names.questions()),
        (1, 2)
    );
}

#[test]
fn dead_addresses_share_the_time_and_a_live_one_is_found() {
    if !inside("dead_addresses_share_the_time_and_a_live_one_is_found") {
        return;
    }
    let simulator = builder()
        .listen((Ipv4Addr::LOCALHOST, 0).into())
        .start()
        .unwrap();
    let port = simulator.address().port();
    let mut addresses: Vec<_> = (1..=10)
        .map(|last| Ipv4Addr::new(127, 0, 1, last))
        .collect();
    let _dead: Vec<_> = addresses
        .iter()
        .map(|address| BlackHole::at((*address, port).into()))
        .collect();
    let names = NameServer::start(&addresses);
    let client = Client::new(named(port).max_attempts(1)).unwrap();
    let lateness = Lateness::measure();
    let error = client.create(Create::new().timeout(DEADLINE)).unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery(), error.phase()),
        (ErrorKind::Timeout, Delivery::NotSent, Phase::Connect),
        "{error}"
    );
    lateness.assert_within(BOUND);

    addresses.truncate(4);
    addresses.push(Ipv4Addr::LOCALHOST);
    *names.addresses.lock().unwrap() = addresses;
    let lateness = Lateness::measure();
    client.create(Create::new()).unwrap();
    lateness.assert_within(Duration::from_secs(3));
}
