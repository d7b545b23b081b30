//! Client certificates and session resumption, against a TLS server that is not ours.
#![cfg(test)]

mod fixture;
mod servers;

use fixture::{builder, config};
use polyai_chat_core::{Client, Config, Create, ErrorKind};
use polyai_chat_simulator::Simulator;
use servers::{Authority, Identity, Server, are_there, nginx, stunnel, tinyproxy};

/// A server that asks for a certificate, with the simulator behind it.
struct Setting {
    simulator: Simulator,
    servers_authority: Authority,
    clients_authority: Authority,
}

impl Setting {
    fn new() -> Option<Self> {
        are_there(&["nginx", "stunnel4", "tinyproxy"]).then(|| Self {
            simulator: builder().start().unwrap(),
            servers_authority: Authority::new("authority of servers"),
            clients_authority: Authority::new("authority of clients"),
        })
    }

    fn server(&self, protocol: &str, verify: &str) -> (Server, tempfile::NamedTempFile) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), self.clients_authority.pem()).unwrap();
        let directives = format!(
            "ssl_protocols {protocol};\nssl_verify_client {verify};\nssl_client_certificate {};",
            file.path().display()
        );
        let identity = self.servers_authority.server(&["localhost"]);
        (nginx(&self.simulator.url(), &identity, &directives), file)
    }

    fn config(&self, server: &Server) -> Config {
        config(&format!("https://localhost:{}", server.port)).ca_pem(self.servers_authority.pem())
    }
}

fn showing(config: Config, identity: &Identity) -> Config {
    config
        .client_cert_pem(identity.certificate.as_str())
        .client_key_pem(identity.key.as_str())
}

#[test]
fn it_is_shown_to_a_service_that_asks_and_sessions_are_resumed() {
    let Some(setting) = Setting::new() else {
        return;
    };
    for protocol in ["TLSv1.2", "TLSv1.3"] {
        let (server, _authority) = setting.server(protocol, "on");
        let identity = setting.clients_authority.client("acme-ivr");
        let client = Client::new(showing(setting.config(&server), &identity)).unwrap();
        let conversation = client.create(Create::new()).unwrap();
        for turn in 0..3 {
            conversation.respond(format!("turn {turn}")).unwrap();
        }
        // The server closes the connection after every answer.
        let log = server.wait_until_written(" 200;", 4);
        let seen = |reused: &str| {
            let line = format!("{protocol} reused={reused} verified=SUCCESS CN=acme-ivr 200;");
            log.matches(&line).count()
        };
        assert_eq!((seen("."), seen("r")), (1, 3), "{log}");
    }
}

#[test]
fn without_one_or_with_a_strangers_the_service_says_so() {
    let Some(setting) = Setting::new() else {
        return;
    };
    for protocol in ["TLSv1.2", "TLSv1.3"] {
        let (server, _authority) = setting.server(protocol, "on");
        let stranger = Authority::new("elsewhere").client("stranger");
        for config in [
            setting.config(&server),
            showing(setting.config(&server), &stranger),
        ] {
            let error = Client::new(config)
                .unwrap()
                .create(Create::new())
                .unwrap_err();
            assert_eq!(
                (error.kind(), error.status()),
                (ErrorKind::Rejected, Some(400)),
                "{error}"
            );
            assert!(
                error.body_excerpt().unwrap().contains("SSL certificate"),
                "{error}"
            );
        }
    }
    assert_eq!(setting.simulator.counts().requests, 0);
}

#[test]
fn it_comes_from_files_too_and_is_never_shown_to_a_proxy() {
    let Some(setting) = Setting::new() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let identity = setting.clients_authority.client("acme-ivr");
    let (certificate, key) = identity.write_to(directory.path());
    let clients_authority = directory.path().join("ca.pem");
    std::fs::write(&clients_authority, setting.clients_authority.pem()).unwrap();
    let (server, _authority) = setting.server("TLSv1.3", "on");
    let http = tinyproxy(false);
    let proxy_identity = setting.servers_authority.server(&["localhost"]);
    let asking = format!("verify = 1\nCAfile = {}", clients_authority.display());
    let demanding = format!(
        "verifyChain = yes\nCAfile = {}",
        clients_authority.display()
    );
    let through = |proxy: &Server| {
        let config = setting
            .config(&server)
            .client_cert_file(certificate.to_str().unwrap())
            .client_key_file(key.to_str().unwrap())
            .proxy(format!("https://localhost:{}", proxy.port))
            .max_attempts(1);
        Client::new(config).unwrap().create(Create::new()).map(drop)
    };
    through(&stunnel(&http, &proxy_identity, &asking)).unwrap();
    server.wait_until_written("CN=acme-ivr 200;", 1);
    let error = through(&stunnel(&http, &proxy_identity, &demanding)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message().contains("through the proxy"), "{error}");
    assert_eq!(setting.simulator.counts().requests, 1);
}

#[test]
fn a_configuration_that_cannot_work_is_refused_when_the_client_is_made() {
    let authority = Authority::new("authority");
    let (one, other) = (authority.client("one"), authority.client("other"));
    let base = || config("https://chat.example");
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nY2FuYXJ5\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (config, expected) in [
        (
            base().client_cert_pem(one.certificate.as_str()),
            vec!["client_cert_pem (given explicitly)", "client_key_file"],
        ),
        (
            base().client_key_pem(one.key.as_str()),
            vec!["client_key_pem (given explicitly)", "client_cert_file"],
        ),
        (
            base()
                .client_cert_pem(one.certificate.as_str())
                .client_key_pem(other.key.as_str()),
            vec![
                "client_key_pem (given explicitly)",
                "not that of the first certificate",
            ],
        ),
        (
            base()
                .client_cert_pem(one.key.as_str())
                .client_key_pem(one.key.as_str()),
            vec!["client_cert_pem (given explicitly)", "BEGIN CERTIFICATE"],
        ),
        (
            base()
                .client_cert_pem(one.certificate.as_str())
                .client_key_pem(one.certificate.as_str()),
            vec!["client_key_pem (given explicitly)", "BEGIN PRIVATE KEY"],
        ),
        (
            base()
                .client_cert_pem(one.certificate.as_str())
                .client_key_pem("canary"),
            vec!["client_key_pem (given explicitly)", "BEGIN PRIVATE KEY"],
        ),
        (
            base()
                .client_cert_pem(one.certificate.as_str())
                .client_key_pem(encrypted),
            vec!["encrypted", "openssl pkey"],
        ),
        (
            base()
                .client_cert_file("/no/such.pem")
                .client_key_pem(one.key.as_str()),
            vec![
                "client_cert_file (given explicitly): /no/such.pem",
                "cannot be read",
            ],
        ),
        (
            base()
                .client_cert_file("/no/such.pem")
                .client_cert_pem(one.certificate.as_str())
                .client_key_pem(one.key.as_str()),
            vec![
                "client_cert_file (given explicitly) and client_cert_pem",
                "set only one",
            ],
        ),
        (
            base().ca_pem("nothing"),
            vec!["ca_pem (given explicitly)", "BEGIN CERTIFICATE"],
        ),
        (
            base().ca_pem(""),
            vec!["ca_pem (given explicitly): is empty"],
        ),
        (
            base().ca_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            vec!["ca_pem (given explicitly)", "number 1"],
        ),
        (
            base().proxy("http://sam:canary@"),
            vec!["proxy (given explicitly)"],
        ),
        (
            base().proxy("proxy.example:3128"),
            vec![
                "proxy (given explicitly)",
                "none, environment",
                "http://proxy.example:3128",
            ],
        ),
        (
            base().no_proxy("10.0.0.0/99"),
            vec!["no_proxy (given explicitly)", "10.0.0.0/99", "10.0.0.0/8"],
        ),
    ] {
        let error = Client::new(config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        for part in expected {
            assert!(
                error.to_string().contains(part),
                "{part:?} is not in: {error}"
            );
        }
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("canary") && !shown.contains("Y2Fu"),
            "{shown}"
        );
    }
}
