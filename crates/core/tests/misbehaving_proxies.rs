//! Proxies that stall, lie or talk nonsense: each call ends in time, and nothing was sent.
#![cfg(test)]

mod fixture;
#[path = "../../../tests/lateness.rs"]
mod lateness;

use fixture::{KEY, PATIENCE, config};
use lateness::Lateness;
use polyai_chat_core::{CancelToken, Client, Create, Delivery, Error, ErrorKind, Phase};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_millis(600);
/// Under wine, which tests for Windows run under, a byte that is read by itself takes far longer than elsewhere.
const BOUND: Duration = Duration::from_millis(if cfg!(windows) { 16_000 } else { 1600 });
const SERVICE: &str = "https://chat.example";

/// A listener that hands every connection to `serve`, and the bytes that it was sent first to the test.
fn proxy(
    scheme: &str,
    serve: impl Fn(&mut TcpStream) -> Option<()> + Send + Sync + Clone + 'static,
) -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (serve, sender) = (serve.clone(), sender.clone());
            thread::spawn(move || {
                let mut connection = connection.unwrap();
                let mut first = vec![0; 4096];
                let count = connection.read(&mut first).unwrap_or_default();
                first.truncate(count);
                let _ = sender.send(first);
                if serve(&mut connection).is_some() {
                    // Held open until the client has left.
                    let _ = connection.read_to_end(&mut Vec::new());
                }
            });
        }
    });
    (format!("{scheme}://{address}"), received)
}

fn says(connection: &mut TcpStream, bytes: &[u8]) -> Option<()> {
    connection.write_all(bytes).ok()
}

fn failure(proxy: &str, deadline: Duration, connect_timeout: Duration, attempts: u64) -> Error {
    let config = config(SERVICE)
        .proxy(proxy)
        .connect_timeout(connect_timeout)
        .max_attempts(attempts)
        .backoff(Duration::from_millis(1));
    let lateness = Lateness::measure();
    let error = Client::new(config)
        .unwrap()
        .create(Create::new().timeout(deadline))
        .unwrap_err();
    lateness.assert_within(BOUND);
    assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    error
}

/// Never ends what it says.
fn drip(connection: &mut TcpStream, bytes: impl Iterator<Item = u8>) -> Option<()> {
    for byte in bytes {
        says(connection, &[byte])?;
        thread::sleep(Duration::from_millis(20));
    }
    Some(())
}

#[test]
fn one_that_stalls_costs_no_more_than_the_deadline() {
    type Serve = fn(&mut TcpStream) -> Option<()>;
    let stalls: [(&str, Serve); 10] = [
        ("http", |_| Some(())),
        ("https", |_| Some(())),
        ("socks5h", |_| Some(())),
        ("http", |connection| {
            drip(
                connection,
                b"HTTP/1.1 200 OK\r\nX-Long: "
                    .iter()
                    .copied()
                    .chain(std::iter::repeat_n(b'x', 9_000)),
            )
        }),
        ("http", |connection| {
            says(connection, b"HTTP/1.1 200 OK\r\n")
        }),
        ("http", |connection| {
            says(connection, b"HTTP/1.1 100 Continue\r\n\r\n")
        }),
        ("socks5h", |connection| says(connection, &[5])),
        ("socks5h", |connection| says(connection, &[5, 0, 5, 0, 0])),
        ("socks5h", |connection| {
            drip(
                connection,
                [5, 0, 5, 0, 0, 3, 255]
                    .into_iter()
                    .chain(std::iter::repeat_n(b'x', 255)),
            )
        }),
        // A tunnel in which nobody answers: it is the service's handshake that stalls.
        ("http", |connection| {
            says(connection, b"HTTP/1.1 200 OK\r\n\r\n")
        }),
    ];
    for (index, (scheme, serve)) in stalls.into_iter().enumerate() {
        let (url, _received) = proxy(scheme, serve);
        let phase = match index {
            9 => Phase::Tls,
            _ => Phase::Proxy,
        };
        let error = failure(&url, DEADLINE, PATIENCE, 3);
        assert_eq!(
            (error.kind(), error.phase()),
            (ErrorKind::Timeout, phase),
            "{index}: {error}"
        );
        let error = failure(&url, PATIENCE, Duration::from_millis(250), 2);
        assert_eq!(
            (error.kind(), error.phase()),
            (ErrorKind::Connect, phase),
            "{index}: {error}"
        );
        assert_eq!(error.attempts().len(), 2, "{index}: {error}");
        assert!(
            error.message().contains("connect_timeout_ms = 250"),
            "{error}"
        );
    }
}

#[test]
fn one_that_refuses_or_talks_nonsense_is_quoted() {
    let endless = b"HTTP/1.1 200 OK\r\nX-Long: "
        .iter()
        .copied()
        .chain(std::iter::repeat_n(b'x', 40_000));
    let endless: Vec<u8> = endless.collect();
    let cases: [(&str, &[u8], u64, &str); 18] = [
        ("http", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", 3, "it answered 502 Bad Gateway"),
        ("http", b"HTTP/1.0 403 Filtered\r\nContent-Length: 3\r\n\r\nbad", 3, "it answered 403 Filtered"),
        ("http", b"HTTP/1.1 429 Slow down\r\nRetry-After: 3600\r\n\r\n", 3, "it answered 429 Slow down"),
        ("http", b"HTTP/1.1 301 Moved\r\nLocation: http://x\r\n\r\n", 3, "it answered 301 Moved"),
        ("http", b"HTTP/1.1 503 canary-pass c2FtOmNhbmFyeS1wYXNz\r\n\r\n", 3, "it answered 503 [redacted] [redacted]"),
        ("http", b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", 1, "(407); check user name and password in proxy"),
        ("http", b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n\r\n", 1, "NTLM, Negotiate (407), and only Basic"),
        ("http", b"", 3, "it ended the connection"),
        ("http", b"HTTP/1.1 2", 3, "it ended the connection"),
        ("http", b"SSH-2.0-OpenSSH_9\r\n", 3, "not HTTP, it begins with S"),
        ("http", b"HTTP/1.1 20 x\r\n\r\n", 3, "not HTTP"),
        ("http", &[0x15, 3, 3, 0, 2, 2, 40], 3, "must begin with https://"),
        ("http", &endless, 3, "larger than 16384 bytes"),
        ("socks5h", b"HTTP/1.1 400 Bad Request\r\n\r\n", 3, "must begin with http://"),
        ("socks5h", &[4, 90, 0, 0], 3, "does not speak SOCKS 5"),
        ("socks5h", &[5, 0xff], 1, "neither a user name and password nor a connection without"),
        ("socks5h", &[5, 2, 1, 1], 1, "does not accept the user name and password; check"),
        ("socks5h", &[5, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0], 3, "could not connect to chat.example: its rules forbid it"),
    ];
    for (scheme, answer, attempts, expected) in cases {
        let answer = answer.to_owned();
        let (url, _received) = proxy(scheme, move |connection| {
            says(connection, &answer)?;
            // In good order, so that what was said is not lost with the connection.
            connection.shutdown(std::net::Shutdown::Write).ok()
        });
        let error = failure(
            &url.replace("://", "://sam:canary-pass@"),
            PATIENCE,
            PATIENCE,
            3,
        );
        assert_eq!(
            (error.kind(), error.phase()),
            (ErrorKind::Connect, Phase::Proxy),
            "{error}"
        );
        assert!(error.message().contains(expected), "{expected}: {error}");
        let prefix = format!("no connection to {SERVICE} through the proxy {url}: ");
        assert!(error.message().starts_with(&prefix), "{error}");
        assert_eq!(error.attempts().len() as u64, attempts, "{error}");
    }
}

#[test]
fn what_is_asked_of_a_proxy() {
    let asked = |scheme: &str, service: &str| {
        let (url, received) = proxy(scheme, |connection| says(connection, &[5, 0]));
        let config = config(service)
            .proxy(url.replace("://", "://sam:c%40t@"))
            .allow_plain_http(true);
        let _ = Client::new(config)
            .unwrap()
            .create(Create::new().timeout(DEADLINE));
        received.recv_timeout(PATIENCE).unwrap()
    };
    for (service, authority) in [
        ("https://chat.example/path", "chat.example:443"),
        ("http://chat.example:8080", "chat.example:8080"),
        ("https://[::1]", "[::1]:443"),
    ] {
        assert_eq!(
            String::from_utf8(asked("http", service)).unwrap(),
            format!(
                "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: polyai-chat/{}\r\n\
                 Proxy-Authorization: Basic c2FtOmNAdA==\r\n\r\n",
                polyai_chat_core::VERSION
            )
        );
    }
    assert_eq!(asked("socks5h", SERVICE), [5, 2, 0, 2]);
}

#[test]
fn the_host_name_is_resolved_by_the_proxy_with_socks5h_and_here_with_socks5() {
    for (scheme, host, expected) in [
        (
            "socks5h",
            "localhost",
            b"\x05\x01\x00\x03\x09localhost\x01\xbb".to_vec(),
        ),
        (
            "socks5h",
            "10.1.2.3",
            vec![5, 1, 0, 1, 10, 1, 2, 3, 1, 0xbb],
        ),
        (
            "socks5",
            "[::2]",
            [vec![5, 1, 0, 4], vec![0; 15], vec![2, 1, 0xbb]].concat(),
        ),
    ] {
        let (sender, received) = channel();
        let (url, _greeting) = proxy(scheme, move |connection| {
            says(connection, &[5, 0])?;
            let mut request = vec![0; 300];
            let count = connection.read(&mut request).ok()?;
            request.truncate(count);
            sender.send(request).ok()
        });
        let config = config(&format!("https://{host}")).proxy(url);
        let _ = Client::new(config)
            .unwrap()
            .create(Create::new().timeout(DEADLINE));
        assert_eq!(
            received.recv_timeout(PATIENCE).unwrap(),
            expected,
            "{scheme} {host}"
        );
    }
}

#[test]
fn the_addresses_of_a_host_are_asked_for_in_turn() {
    let (sender, received) = channel();
    let (url, _greeting) = proxy("socks5", move |connection| {
        says(connection, &[5, 0])?;
        let mut request = vec![0; 300];
        let count = connection.read(&mut request).ok()?;
        sender.send(request.get(4..count)?.to_vec()).ok()?;
        says(connection, &[5, 4, 0, 1, 0, 0, 0, 0, 0, 0])
    });
    let config = config("https://localhost").proxy(url).max_attempts(1);
    let error = Client::new(config)
        .unwrap()
        .create(Create::new())
        .unwrap_err();
    let addresses = received.try_iter().count();
    assert_eq!(
        error.message().matches("the host is unreachable").count(),
        addresses,
        "{error}"
    );
    assert!(addresses > 0, "{error}");
}

#[test]
fn bytes_right_after_connect_belong_to_the_service() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\
        HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nX-Own: yes\r\n\r\n{}";
    let (url, received) = proxy("http", move |connection| says(connection, answer));
    let config = config("http://chat.example")
        .proxy(url)
        .allow_plain_http(true);
    let error = Client::new(config)
        .unwrap()
        .create(Create::new())
        .unwrap_err();
    assert_eq!(
        (error.status(), error.header("x-own")),
        (Some(401), Some("yes")),
        "{error}"
    );
    assert!(
        !received
            .recv_timeout(PATIENCE)
            .unwrap()
            .windows(KEY.len())
            .any(|bytes| bytes == KEY.as_bytes())
    );
}

#[test]
fn a_call_that_waits_for_its_proxy_can_be_cancelled() {
    for scheme in ["http", "https", "socks5", "socks5h"] {
        let (url, received) = proxy(scheme, |_| Some(()));
        let client = Client::new(config("https://127.0.0.1").proxy(url)).unwrap();
        let token = CancelToken::new();
        thread::scope(|scope| {
            let call = scope.spawn(|| client.create(Create::new().cancel(&token)));
            received.recv_timeout(PATIENCE).unwrap();
            let lateness = Lateness::measure();
            token.cancel();
            let error = call.join().unwrap().unwrap_err();
            lateness.assert_within(BOUND);
            assert_eq!(
                (error.kind(), error.delivery(), error.phase()),
                (ErrorKind::Cancelled, Delivery::NotSent, Phase::Proxy),
                "{error}"
            );
        });
    }
}
