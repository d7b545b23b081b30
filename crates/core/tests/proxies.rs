//! Through real proxies: nothing is lost, doubled or shown to them, and what fails says that it was the proxy.
#![cfg(test)]

mod fixture;
mod servers;

use fixture::{KEY, PATIENCE, TOKEN, builder, config};
use polyai_chat_core::{Client, Config, Create, Delivery, Error, ErrorKind, Phase};
use polyai_chat_simulator::{Action, Fault, Moment, Operation, Simulator, TlsIdentity};
use servers::{Authority, PASSWORD, Server, USER, are_there, microsocks, stunnel, tinyproxy};
use std::process::Command;
use std::time::{Duration, Instant};

const PROGRAMS: [&str; 3] = ["tinyproxy", "microsocks", "stunnel4"];

/// A running proxy of each kind, with its URL.
struct Proxies {
    authority: Authority,
    /// What ends with the test, in the order in which it was started.
    servers: Vec<Server>,
    urls: Vec<String>,
}

impl Proxies {
    fn start() -> Option<Self> {
        if !are_there(&PROGRAMS) {
            return None;
        }
        let authority = Authority::new("proxy authority");
        let identity = authority.server(&["localhost", "127.0.0.1"]);
        let (mut servers, mut urls) = (Vec::new(), Vec::new());
        for with_password in [false, true] {
            let login = match with_password {
                true => format!("{USER}:{PASSWORD}@"),
                false => String::new(),
            };
            let http = tinyproxy(with_password);
            let https = stunnel(&http, &identity, "");
            let socks = microsocks(with_password);
            urls.push(format!("http://{login}127.0.0.1:{}", http.port));
            urls.push(format!("https://{login}localhost:{}", https.port));
            urls.push(format!("socks5://{login}localhost:{}", socks.port));
            urls.push(format!("socks5h://{login}127.0.0.1:{}", socks.port));
            servers.extend([http, https, socks]);
        }
        Some(Self {
            authority,
            servers,
            urls,
        })
    }

    fn client(&self, simulator: &Simulator, url: &str) -> Client {
        let authorities = format!(
            "{}{}",
            self.authority.pem(),
            simulator.ca_pem().unwrap_or_default()
        );
        let address = simulator.url().replace("127.0.0.1", "localhost");
        let config = config(&address).allow_plain_http(true);
        Client::new(config.proxy(url).ca_pem(authorities)).unwrap()
    }

    fn everything_they_wrote(&self) -> String {
        self.servers
            .iter()
            .map(Server::everything_it_wrote)
            .collect()
    }
}

fn without_login(url: &str) -> String {
    url.replace(&format!("{USER}:{PASSWORD}@"), "")
}

fn check(error: &Error, delivery: Delivery, phase: Phase) {
    assert_eq!(
        (error.kind(), error.delivery(), error.phase()),
        (ErrorKind::Connect, delivery, phase),
        "{error}"
    );
    for secret in [KEY, TOKEN, PASSWORD] {
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
}

#[test]
fn every_kind_of_proxy_carries_a_conversation_and_learns_nothing_of_it() {
    let Some(proxies) = Proxies::start() else {
        return;
    };
    for secure in [false, true] {
        for url in &proxies.urls {
            let simulator = match secure {
                true => builder().tls(TlsIdentity::generate().unwrap()).start(),
                false => builder().start(),
            }
            .unwrap();
            let client = proxies.client(&simulator, url);
            assert_eq!(client.proxy(), Some(without_login(url)));
            let conversation = client.create(Create::new()).unwrap();
            for length in [1, 100, 1_000, 100_000] {
                let text = format!("turn {}", "x".repeat(length));
                let reply = conversation.respond(text.as_str()).unwrap();
                assert_eq!(reply.response(), format!("You said: {text}"), "{url}");
            }
            conversation.close().unwrap();
            assert_eq!(simulator.connections(), 1, "{url}");
            assert_eq!(simulator.counts().requests, 6, "{url}");
            let first = &simulator.received()[0];
            assert!(
                first
                    .headers
                    .iter()
                    .all(|(name, _)| !name.starts_with("Proxy"))
            );
            let attempt = client.recent_attempts(0).remove(0);
            assert!(
                attempt.proxy.is_some() && attempt.tls.is_some() == secure,
                "{attempt:?}"
            );
        }
    }
    let written = proxies.everything_they_wrote();
    assert!(written.contains("CONNECT localhost:"), "{written}");
    for secret in [KEY, TOKEN, PASSWORD, "canary", "/chat/", "turn "] {
        assert!(!written.contains(secret), "{secret}: {written}");
    }
}

#[test]
fn a_connection_can_be_inspected_and_opened_ahead() {
    let Some(proxies) = Proxies::start() else {
        return;
    };
    for url in &proxies.urls {
        let simulator = builder()
            .tls(TlsIdentity::generate().unwrap())
            .start()
            .unwrap();
        let client = proxies.client(&simulator, url);
        let (report, outcome) = client.inspect_connection(PATIENCE);
        outcome.unwrap();
        let proxy = report.proxy.unwrap();
        assert_eq!(proxy.url, without_login(url));
        assert!(proxy.elapsed > Duration::ZERO && report.tls.is_some());
        assert_ne!(report.connected.unwrap().0, simulator.address());
        client.warm_up(PATIENCE).unwrap();
        client.create(Create::new()).unwrap();
        assert_eq!(simulator.counts().requests, 1);
        assert_eq!(simulator.connections(), 2, "{url}");
    }
}

/// Waits until the proxy, which takes a moment, has closed its side of a connection as well, or (inside TLS) has said so.
fn wait_until_passed_on(proxy_url: &str) {
    const CLOSE_WAIT: &str = "08";
    const LONG_ENOUGH: Duration = Duration::from_secs(1);
    let (_, port) = proxy_url.rsplit_once(':').unwrap();
    let remote = format!(":{:04X}", port.parse::<u16>().unwrap());
    let began = Instant::now();
    let is_closed = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, _, to, state, queues, ..] = fields.as_slice() else {
            return false;
        };
        to.ends_with(&remote) && (*state == CLOSE_WAIT || !queues.ends_with(":00000000"))
    };
    let is_passed_on = || {
        let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
        let mut lines = sockets.iter().flatten().flat_map(|text| text.lines());
        lines.any(is_closed)
    };
    // Some close it altogether, and then there is nothing to be seen.
    while !is_passed_on() && began.elapsed() < LONG_ENOUGH {
        std::thread::yield_now();
    }
}

#[test]
fn a_connection_that_the_service_has_closed_is_replaced_before_a_byte_is_written() {
    let Some(proxies) = Proxies::start() else {
        return;
    };
    for secure in [false, true] {
        for url in &proxies.urls {
            let builder = builder().fault(Fault::new(Action::CloseIdle {
                after_ms: 10,
                reset: false,
            }));
            let simulator = match secure {
                true => builder.tls(TlsIdentity::generate().unwrap()).start(),
                false => builder.start(),
            }
            .unwrap();
            let client = proxies.client(&simulator, url);
            let conversation = client.create(Create::new()).unwrap();
            for turn in 1..=3 {
                assert!(
                    simulator.wait_for(|records| records.counts().open_connections == 0, PATIENCE),
                    "{url}"
                );
                wait_until_passed_on(url);
                conversation.respond("a").unwrap();
                assert_eq!(simulator.connections(), turn + 1, "{url}");
            }
            assert_eq!(simulator.counts().requests, 4, "{url}");
            assert_eq!(client.metrics().retries, 0, "{url}");
        }
    }
}

#[test]
fn failures_of_the_service_are_told_apart_behind_a_proxy_too() {
    let Some(proxies) = Proxies::start() else {
        return;
    };
    for url in &proxies.urls {
        for (identity, trusted, expected) in [
            (TlsIdentity::generate().unwrap(), false, "is not trusted"),
            (TlsIdentity::self_signed().unwrap(), false, "is self-signed"),
            (TlsIdentity::expired().unwrap(), true, "has expired"),
            (
                TlsIdentity::for_names(&["elsewhere.example"]).unwrap(),
                true,
                "is not for localhost",
            ),
        ] {
            let ca_pem = match trusted {
                true => identity.ca_pem().to_owned(),
                false => String::new(),
            };
            let simulator = builder().tls(identity).start().unwrap();
            let address = simulator.url().replace("127.0.0.1", "localhost");
            let authorities = proxies.authority.pem() + &ca_pem;
            let client =
                Client::new(config(&address).proxy(url.as_str()).ca_pem(authorities)).unwrap();
            let error = client.create(Create::new()).unwrap_err();
            check(&error, Delivery::NotSent, Phase::Tls);
            assert!(error.message().contains(expected), "{expected}: {error}");
            assert!(!error.message().contains("proxy"), "{error}");
            assert_eq!(
                (error.attempts().len(), simulator.counts().requests),
                (1, 0)
            );
        }

        let simulator = builder().start().unwrap();
        let conversation = proxies
            .client(&simulator, url)
            .create(Create::new())
            .unwrap();
        simulator
            .fail(
                Fault::new(Action::Close {
                    at: Moment::AfterRequest,
                })
                .on(Operation::Respond),
            )
            .unwrap();
        let error = conversation.respond("a").unwrap_err();
        check(&error, Delivery::Unknown, Phase::Headers);
        assert_eq!(simulator.requests_to(Operation::Respond), 1, "{url}");
    }
}

#[test]
fn a_wrong_password_is_not_insisted_on_and_the_remedy_is_named() {
    if !are_there(&PROGRAMS) {
        return;
    }
    let simulator = builder().start().unwrap();
    let (http, socks) = (tinyproxy(true), microsocks(true));
    for (login, expected) in [
        (
            format!("{USER}:canary-wrong@"),
            "check user name and password in proxy (given explicitly)",
        ),
        (
            String::new(),
            "give user name and password in proxy (given explicitly)",
        ),
    ] {
        for url in [
            format!("http://{login}127.0.0.1:{}", http.port),
            format!("socks5h://{login}127.0.0.1:{}", socks.port),
        ] {
            let config = config(&simulator.url()).allow_plain_http(true);
            let client = Client::new(config.proxy(url)).unwrap();
            let error = client.create(Create::new()).unwrap_err();
            check(&error, Delivery::NotSent, Phase::Proxy);
            assert!(error.message().contains(expected), "{error}");
            assert!(
                !format!("{error:?} {client:?}").contains("canary"),
                "{error:?}"
            );
            // tinyproxy answers a wrong password with 401, which is a refusal as any other; only 407 settles it.
            let attempts = if error.message().contains("(401)") {
                3
            } else {
                1
            };
            assert_eq!(error.attempts().len(), attempts, "{error}");
        }
    }
    assert_eq!(simulator.connections(), 0);
}

#[test]
fn a_proxy_that_cannot_connect_says_why_and_is_asked_again() {
    let Some(proxies) = Proxies::start() else {
        return;
    };
    let address = "http://127.0.0.1:1";
    for url in &proxies.urls {
        let config = config(address)
            .allow_plain_http(true)
            .backoff(Duration::from_millis(1));
        let client =
            Client::new(config.proxy(url.as_str()).ca_pem(proxies.authority.pem())).unwrap();
        let error = client.create(Create::new()).unwrap_err();
        check(&error, Delivery::NotSent, Phase::Proxy);
        let expected = format!(
            "no connection to {address} through the proxy {}: it ",
            without_login(url)
        );
        assert!(error.message().starts_with(&expected), "{error}");
        assert_eq!(error.attempts().len(), 3, "{error}");
    }
}

#[test]
fn a_proxy_that_is_not_there_or_not_trusted_is_named() {
    if !are_there(&PROGRAMS) {
        return;
    }
    let simulator = builder().start().unwrap();
    let failing = |proxy: &str| {
        let config = config(&simulator.url())
            .allow_plain_http(true)
            .max_attempts(1)
            .connect_timeout(Duration::from_secs(1));
        let client = Client::new(config.proxy(proxy)).unwrap();
        client.create(Create::new()).unwrap_err()
    };
    let error = failing("http://127.0.0.1:1");
    check(&error, Delivery::NotSent, Phase::Connect);
    assert!(
        error
            .message()
            .contains("no connection to the proxy http://127.0.0.1:1: "),
        "{error}"
    );
    let error = failing("socks5h://sam:canary-pass-52d1@no-such-proxy.invalid");
    check(&error, Delivery::NotSent, Phase::Resolve);
    assert!(
        error
            .message()
            .contains("the proxy socks5h://no-such-proxy.invalid:1080"),
        "{error}"
    );

    let http = tinyproxy(false);
    let identity = Authority::new("nobody's").server(&["127.0.0.1"]);
    let https = stunnel(&http, &identity, "");
    let error = failing(&format!("https://127.0.0.1:{}", https.port));
    check(&error, Delivery::NotSent, Phase::Proxy);
    assert!(
        error
            .message()
            .contains("no secure connection to the proxy https://127.0.0.1:")
            && error.message().contains("is not trusted here"),
        "{error}"
    );
    let error = failing(&format!("https://127.0.0.1:{}", http.port));
    check(&error, Delivery::NotSent, Phase::Proxy);
    let error = failing(&format!("http://127.0.0.1:{}", https.port));
    check(&error, Delivery::NotSent, Phase::Proxy);
    assert_eq!(simulator.connections(), 0);
}

/// Runs itself again with an environment, since that of a test program is shared by its tests.
#[test]
fn the_environment_is_asked_only_when_told_to() {
    if !are_there(&PROGRAMS) {
        return;
    }
    if std::env::var_os("INSIDE").is_some() {
        return in_the_environment();
    }
    let http = tinyproxy(true);
    let proxy = format!("http://{USER}:{PASSWORD}@127.0.0.1:{}", http.port);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_environment_is_asked_only_when_told_to"])
        .env("INSIDE", "yes")
        .env("http_proxy", &proxy)
        .env("HTTPS_PROXY", "http://user:canary@")
        .env("NO_PROXY", "10.0.0.0/8, .example.com")
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    assert!(http.everything_it_wrote().contains("CONNECT 127.0.0.1:"));
}

fn in_the_environment() {
    let simulator = builder().start().unwrap();
    let plain = config(&simulator.url()).proxy("environment");
    assert_eq!(Client::new(plain).unwrap().proxy(), None);
    let client = |change: &dyn Fn(Config) -> Config| {
        Client::new(change(config(&simulator.url()).allow_plain_http(true)))
    };
    assert_eq!(client(&|config| config).unwrap().proxy(), None);
    let asked = client(&|config| config.proxy("environment")).unwrap();
    assert!(asked.proxy().unwrap().starts_with("http://127.0.0.1:"));
    asked.create(Create::new()).unwrap();
    let excepted = client(&|config| config.proxy("environment").no_proxy("127.0.0.0/8")).unwrap();
    assert_eq!(excepted.proxy(), None);
    for covered in ["http://10.1.2.3", "http://a.example.com"] {
        let config = config(covered).allow_plain_http(true).proxy("environment");
        assert_eq!(Client::new(config).unwrap().proxy(), None);
    }
    let error = Client::new(config("https://chat.example").proxy("environment")).unwrap_err();
    assert!(
        error
            .message()
            .contains("proxy (given explicitly): environment variable HTTPS_PROXY: ")
            && !error.message().contains("canary"),
        "{error}"
    );
}

#[test]
fn plain_http_does_not_leave_this_machine_through_a_proxy() {
    for service in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]"] {
        for proxy in ["http://127.0.0.1:3128", "socks5h://proxy.example"] {
            let config = || config(service).proxy(proxy);
            let error = Client::new(config()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
            for expected in [
                "proxy (given explicitly)",
                service,
                "no_proxy",
                "allow_plain_http",
            ] {
                assert!(error.message().contains(expected), "{error}");
            }
            assert!(
                Client::new(config().allow_plain_http(true))
                    .unwrap()
                    .proxy()
                    .is_some()
            );
            assert_eq!(Client::new(config().no_proxy("*")).unwrap().proxy(), None);
        }
    }
}
