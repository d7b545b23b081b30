//! Whom a client believes, and what it says about whom it does not.
#![cfg(test)]

mod fixture;

use fixture::{builder, config};
use polyai_chat_core::{Client, Create, Delivery, ErrorKind, Phase};
use polyai_chat_simulator::{Simulator, TlsIdentity};
use std::io::Write;
use std::time::Duration;

fn trusting(simulator: &Simulator, ca_pem: &str) -> Client {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(ca_pem.as_bytes()).unwrap();
    Client::new(config(&simulator.url()).ca_file(file.path().to_str().unwrap())).unwrap()
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused_in_words() {
    for (identity, trusts_its_authority, expected) in [
        (
            TlsIdentity::generate().unwrap(),
            false,
            "the issuer of the certificate of 127.0.0.1 is not trusted",
        ),
        (TlsIdentity::self_signed().unwrap(), false, "is self-signed"),
        (TlsIdentity::expired().unwrap(), true, "has expired"),
        (
            TlsIdentity::not_yet_valid().unwrap(),
            true,
            "is not valid yet",
        ),
        (
            TlsIdentity::for_names(&["elsewhere.example"]).unwrap(),
            true,
            "is not for 127.0.0.1",
        ),
    ] {
        let ca_pem = identity.ca_pem().to_owned();
        let simulator = builder().tls(identity).start().unwrap();
        let client = match trusts_its_authority {
            true => trusting(&simulator, &ca_pem),
            false => Client::new(config(&simulator.url())).unwrap(),
        };
        let error = client.create(Create::new()).unwrap_err();
        assert_eq!(
            (error.kind(), error.delivery(), error.phase()),
            (ErrorKind::Connect, Delivery::NotSent, Phase::Tls),
            "{error}"
        );
        assert!(error.message().contains(expected), "{expected}: {error}");
        assert_eq!(simulator.counts().requests, 0);
    }
}

#[test]
fn the_callers_authority_is_trusted_beside_the_systems() {
    let identity = TlsIdentity::generate().unwrap();
    let ca_pem = identity.ca_pem().to_owned();
    let simulator = builder().tls(identity).start().unwrap();
    let conversation = trusting(&simulator, &ca_pem).create(Create::new()).unwrap();
    for _ in 0..20 {
        conversation.respond("a").unwrap();
    }
    assert_eq!(
        simulator.connections(),
        1,
        "session tickets are no reason to reconnect"
    );
}

#[test]
fn a_connection_can_be_inspected_without_a_request() {
    let identity = TlsIdentity::generate().unwrap();
    let ca_pem = identity.ca_pem().to_owned();
    let simulator = builder().tls(identity).start().unwrap();
    let (report, outcome) =
        trusting(&simulator, &ca_pem).inspect_connection(Duration::from_secs(10));
    outcome.unwrap();
    assert_eq!(report.resolved.unwrap().0, [simulator.address().ip()]);
    assert_eq!(report.connected.unwrap().0, simulator.address());
    let tls = report.tls.unwrap();
    assert_eq!(tls.protocol, "TLS 1.3");
    assert!(!tls.certificates.is_empty());

    let stranger = Client::new(config(&simulator.url())).unwrap();
    let (report, outcome) = stranger.inspect_connection(Duration::from_secs(10));
    assert!(report.connected.is_some() && report.tls.is_none());
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Connect);
    assert_eq!(simulator.counts().requests, 0);
}

#[test]
fn plain_http_on_a_tls_port_and_the_reverse_are_explained() {
    let tls = builder()
        .tls(TlsIdentity::generate().unwrap())
        .start()
        .unwrap();
    let error = Client::new(config(&tls.url().replace("https", "http")))
        .unwrap()
        .create(Create::new())
        .unwrap_err();
    assert!(error.message().contains("use https://"), "{error}");
    let plain = builder().start().unwrap();
    let error = Client::new(config(&plain.url().replace("http", "https")))
        .unwrap()
        .create(Create::new())
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery(), error.phase()),
        (ErrorKind::Connect, Delivery::NotSent, Phase::Tls),
        "{error}"
    );
}
