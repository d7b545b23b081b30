//! TLS with certificates of its own making.

use crate::client::{Client, PATIENCE};
use polyai_chat_simulator::{Action, Fault, Moment, Simulator, TlsIdentity};
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

type TlsStream = StreamOwned<ClientConnection, TcpStream>;

fn config(ca_pem: &str, version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    Arc::new(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

fn connect(
    simulator: &Simulator,
    config: &Arc<ClientConfig>,
    name: &'static str,
) -> io::Result<Client<TlsStream>> {
    let mut socket = TcpStream::connect(simulator.address())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from(name).unwrap();
    let mut tls = ClientConnection::new(Arc::clone(config), name).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut socket)?;
    }
    Ok(Client::over(StreamOwned::new(tls, socket)))
}

fn serve(identity: TlsIdentity) -> Simulator {
    Simulator::builder().tls(identity).start().unwrap()
}

#[test]
fn conversations_are_held_over_both_versions_and_sessions_resumed() {
    let simulator = serve(TlsIdentity::generate().unwrap());
    assert!(simulator.url().starts_with("https://127.0.0.1:"));
    for (version, name) in [(&TLS12, "localhost"), (&TLS13, "127.0.0.1")] {
        simulator.clear();
        let config = config(simulator.ca_pem().unwrap(), version);
        for _ in 0..2 {
            let mut client = connect(&simulator, &config, name).unwrap();
            let id = client.create(&simulator);
            assert_eq!(client.say(&simulator, &id, "hi").status, 200);
            let used = client.stream.conn.protocol_version();
            assert_eq!(used, Some(version.version));
        }
        let counts = simulator.counts();
        assert_eq!((counts.tls_handshakes, counts.tls_resumptions), (2, 1));
    }
}

#[test]
fn wrong_certificates_are_refused_by_a_client_that_looks() {
    for (identity, words) in [
        (TlsIdentity::expired(), "expired"),
        (TlsIdentity::not_yet_valid(), "not valid yet"),
        (
            TlsIdentity::for_names(&["other.example"]),
            "not valid for name",
        ),
    ] {
        let simulator = serve(identity.unwrap());
        let config = config(simulator.ca_pem().unwrap(), &TLS13);
        let error = connect(&simulator, &config, "localhost").err().unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert!(simulator.wait_for(|seen| seen.counts().open_connections == 0, PATIENCE));
    }
    let simulator = serve(TlsIdentity::self_signed().unwrap());
    let other = TlsIdentity::generate().unwrap();
    let config = config(other.ca_pem(), &TLS13);
    let error = connect(&simulator, &config, "localhost").err().unwrap();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
}

#[test]
fn a_chain_and_a_key_can_be_handed_over() {
    let error = TlsIdentity::from_pem("nothing", "nothing").unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(!format!("{:?}", TlsIdentity::generate().unwrap()).contains("PRIVATE"));
}

#[test]
fn handshakes_can_be_broken_off_and_plain_clients_are_told() {
    let simulator = serve(TlsIdentity::generate().unwrap());
    let config = config(simulator.ca_pem().unwrap(), &TLS13);
    for action in [
        Action::Close {
            at: Moment::Handshake,
        },
        Action::Reset {
            at: Moment::Handshake,
        },
        Action::Close { at: Moment::Accept },
    ] {
        simulator.fail(Fault::new(action).once()).unwrap();
        assert!(connect(&simulator, &config, "localhost").is_err());
    }
    connect(&simulator, &config, "localhost").unwrap();

    let mut plain = Client::connect(&simulator);
    plain.send("GET / HTTP/1.1\r\n\r\n");
    let reply = plain.reply().unwrap();
    assert!(
        String::from_utf8(reply.body)
            .unwrap()
            .ends_with("speaks TLS: use https://...")
    );
}
