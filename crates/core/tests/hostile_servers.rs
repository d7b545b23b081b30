//! Servers that no well-meaning one would be, on raw sockets.
#![cfg(test)]

mod fixture;

use fixture::{PATIENCE, builder, config};
use polyai_chat_core::{Client, Clock, Create, Delivery, Error, ErrorKind};
use polyai_chat_simulator::{Action, Fault, Operation, TlsIdentity};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

/// Reads a request, sends `head`, and then `rest` again and again until the client has gone.
fn error_after(head: &'static str, rest: &'static [u8]) -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        while !rest.is_empty() && stream.write_all(rest).is_ok() {}
    });
    let client = Client::new(config(&url).max_attempts(1)).unwrap();
    let began = Instant::now();
    let error = client.create(Create::new()).unwrap_err();
    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
    server.join().unwrap();
    error
}

#[test]
fn framing_without_end_is_bounded() {
    const ROW: &[u8] = &[b'a'; 8192];
    for (head, rest) in [
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ROW),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;",
            ROW,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
            ROW,
        ),
        ("HTTP/1.1 200 OK\r\nX: ", ROW),
        ("HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        ("", ROW),
        ("HTTP/1.1 200 OK\r\n\r\n", ROW),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", ROW),
    ] {
        let error = error_after(head, rest);
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Protocol, Delivery::Unknown),
            "{head:?}: {error}"
        );
    }
}

#[test]
fn another_protocol_and_nonsense_are_unknown() {
    for head in [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 99 x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    ] {
        let error = error_after(head, b"");
        assert!(
            matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Connect),
            "{head:?}: {error}"
        );
        assert_eq!(error.delivery(), Delivery::Unknown, "{head:?}: {error}");
    }
}

#[test]
fn surplus_inside_tls_is_never_the_next_reply() {
    let identity = TlsIdentity::generate().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ca_file = directory.path().join("ca.pem");
    std::fs::write(&ca_file, identity.ca_pem()).unwrap();
    let simulator = builder().tls(identity).start().unwrap();
    let client = Client::new(config(&simulator.url()).ca_file(ca_file.to_str().unwrap())).unwrap();
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"response\":\"wrong\"}";
    // Replies of every size around that of a buffer, so that the surplus is left inside the TLS library.
    for pad in (3500..4200).step_by(7) {
        let conversation = client.create(Create::new()).unwrap();
        let pad = Action::padded(pad);
        let padded = simulator
            .fail(Fault::new(pad).on(Operation::Respond))
            .unwrap();
        let surplus = Action::Surplus {
            text: text.to_owned(),
        };
        simulator
            .fail(Fault::new(surplus).on(Operation::Respond).once())
            .unwrap();
        assert!(
            conversation
                .respond("a")
                .unwrap()
                .response()
                .starts_with("You said: a")
        );
        simulator.take_back(padded);
        assert_eq!(conversation.respond("b").unwrap().response(), "You said: b");
    }
}

#[test]
fn a_very_long_key_is_sent_whole() {
    let (key, token) = ("k".repeat(6000), "t".repeat(6000));
    let simulator = builder().credentials(&key, &token).start().unwrap();
    let client = Client::new(
        config(&simulator.url())
            .api_key(key.as_str())
            .token(token.as_str()),
    )
    .unwrap();
    let conversation = client.create(Create::new()).unwrap();
    assert_eq!(conversation.respond("a").unwrap().response(), "You said: a");
    let received = simulator.received();
    assert!(
        received
            .iter()
            .all(|request| request.header("X-TOKEN") == Some(&token))
    );
}

#[test]
fn callers_that_share_a_name_never_wait_for_an_answer_that_was_forgotten() {
    let config = config("http://localhost:1")
        .connect_timeout(PATIENCE)
        .max_attempts(1);
    let client = Client::new(config).unwrap();
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let began = Instant::now();
                    let error = client.create(Create::new()).unwrap_err();
                    assert!(error.message().contains("refused"), "{error}");
                    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
                }
            });
        }
    });
}

#[test]
fn warming_up_does_not_keep_an_old_connection_young() {
    let simulator = builder().start().unwrap();
    let clock = Clock::movable();
    let idle_timeout = Duration::from_secs(300);
    let config = config(&simulator.url()).idle_timeout(idle_timeout);
    let client = Client::new(config.clock(&clock)).unwrap();
    for _ in 0..20 {
        client.warm_up(PATIENCE).unwrap();
        clock.advance(idle_timeout / 6);
    }
    // One at the beginning, and one whenever six parts have passed.
    assert!(simulator.wait_for(|records| records.counts().connections == 4, PATIENCE));
    client.warm_up(PATIENCE).unwrap();
    client.create(Create::new()).unwrap();
    let metrics = client.metrics();
    assert_eq!(
        (metrics.opened_connections, metrics.reused_connections),
        (1, 0)
    );
    client.shut_down();
    assert!(simulator.wait_for(|records| records.counts().open_connections == 0, PATIENCE));
}
