//! Whom a client believes, and what it says about whom it does not.
#![cfg(test)]

mod fixture;
#[cfg(unix)]
#[path = "../../../tests/not_run.rs"]
mod not_run;

use fixture::{KEY, builder, config};
use polyai_chat_core::{Client, Config, Create, Delivery, Error, ErrorKind, Phase};
use polyai_chat_simulator::{Simulator, TlsIdentity};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType,
    date_time_ymd,
};
use std::error::Error as _;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
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

/// What an authority is made of; its name is what others know it by.
fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn leaf() -> CertificateParams {
    CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap()
}

fn refused(config: Config) -> Error {
    let error = Client::new(config)
        .unwrap()
        .create(Create::new())
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery(), error.attempts().len()),
        (ErrorKind::Connect, Delivery::NotSent, 1),
        "{error}"
    );
    error
}

/// Runs a test of this program once more, in a process with these variables, in which `is_inside` is true.
fn inside(test: &str, program: &Path, variables: &[(&str, &str)]) -> Output {
    Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .env("INSIDE", "yes")
        .env_remove("SSL_CERT_DIR")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn is_inside() -> bool {
    std::env::var_os("INSIDE").is_some()
}

/// The address and the authority that the outer process has.
fn outer_config() -> Config {
    let [url, ca_pem] = ["URL", "CA_PEM"].map(|name| std::env::var(name).unwrap_or_default());
    match ca_pem.is_empty() {
        true => config(&url),
        false => config(&url).ca_pem(ca_pem),
    }
}

#[test]
fn whichever_store_can_build_a_chain_decides() {
    if is_inside() {
        Client::new(outer_config())
            .unwrap()
            .create(Create::new())
            .unwrap();
        // Neither of the two alone can.
        let old_only = refused(outer_config().system_authorities(false));
        assert!(old_only.message().contains("has expired"), "{old_only}");
        return;
    }
    // The authority's old key signed its new one for a time that is over, and the server shows that certificate too.
    let old = CertifiedIssuer::self_signed(authority("old"), KeyPair::generate().unwrap()).unwrap();
    let new_key = KeyPair::generate().unwrap();
    let mut cross = authority("new");
    cross.not_before = date_time_ymd(2000, 1, 1);
    cross.not_after = date_time_ymd(2001, 1, 1);
    let cross = cross.signed_by(&new_key, &old).unwrap();
    let new = CertifiedIssuer::self_signed(authority("new"), new_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = leaf().signed_by(&key, &new).unwrap();
    let chain = format!("{}{}", leaf.pem(), cross.pem());
    let identity = TlsIdentity::from_pem(&chain, &key.serialize_pem()).unwrap();
    let simulator = builder().tls(identity).start().unwrap();
    let system = tempfile::NamedTempFile::new().unwrap();
    fs::write(system.path(), new.pem()).unwrap();
    let output = inside(
        "whichever_store_can_build_a_chain_decides",
        &std::env::current_exe().unwrap(),
        &[
            ("SSL_CERT_FILE", system.path().to_str().unwrap()),
            ("URL", &simulator.url()),
            ("CA_PEM", &old.pem()),
        ],
    );
    assert!(output.status.success(), "{output:?}");
    assert_eq!(simulator.counts().requests, 1);
}

#[test]
fn a_self_signed_certificate_that_was_given_is_accepted_whatever_it_says_of_itself() {
    for is_authority in [false, true] {
        let make = |name: &str| {
            let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            if is_authority {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            }
            let key = KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap().pem();
            let identity = TlsIdentity::from_pem(&certificate, &key.serialize_pem()).unwrap();
            (builder().tls(identity).start().unwrap(), certificate)
        };
        let (simulator, certificate) = make("127.0.0.1");
        trusting(&simulator, &certificate)
            .create(Create::new())
            .unwrap();
        // It is that one only, and for its own name only.
        let (other, _) = make("127.0.0.1");
        refused(config(&other.url()).ca_pem(certificate));
        let (elsewhere, certificate) = make("elsewhere.example");
        refused(config(&elsewhere.url()).ca_pem(certificate));
        assert_eq!(other.counts().requests + elsewhere.counts().requests, 0);
    }
}

#[test]
fn an_outdated_certificate_is_explained_and_never_tried_again() {
    for (identity, authority, expected) in [
        (
            include_str!("certificates/weak_key.pem"),
            include_str!("certificates/weak_key_authority.pem"),
            "2,048 bits",
        ),
        (
            include_str!("certificates/sha1.pem"),
            include_str!("certificates/sha1_authority.pem"),
            "SHA-1",
        ),
    ] {
        let identity = TlsIdentity::from_pem(identity, identity).unwrap();
        let simulator = builder().tls(identity).start().unwrap();
        let error = refused(config(&simulator.url()).ca_pem(authority));
        assert!(error.message().contains(expected), "{error}");
    }
    let names = ["elsewhere.example", "10.1.2.3"];
    let simulator = builder()
        .tls(TlsIdentity::for_names(&names).unwrap())
        .start()
        .unwrap();
    let identity = TlsIdentity::for_names(&names).unwrap();
    let authority = identity.ca_pem().to_owned();
    let other = builder().tls(identity).start().unwrap();
    let error = refused(config(&other.url()).ca_pem(authority));
    assert!(
        error
            .message()
            .contains("(it is for elsewhere.example, 10.1.2.3)"),
        "{error}"
    );
    drop(simulator);
}

#[test]
fn names_of_a_certificate_for_another_host_are_foreign_words() {
    let issuer = CertifiedIssuer::self_signed(authority("any"), KeyPair::generate().unwrap());
    let issuer = issuer.unwrap();
    let hostile = "elsewhere.example\r\n2030-01-01 all is well\u{1b}[31m";
    let long = "x".repeat(8_000);
    let names = [hostile, KEY, &long].map(|name| SanType::DnsName(name.try_into().unwrap()));
    let mut params = CertificateParams::default();
    params.subject_alt_names = names.into();
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let identity = TlsIdentity::from_pem(&leaf.pem(), &key.serialize_pem()).unwrap();
    let simulator = builder().tls(identity).start().unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let config = config(&simulator.url()).ca_pem(issuer.pem());
    let error = refused(config.on_log(move |_, line| kept.lock().unwrap().push(line.to_owned())));
    // The TLS library shows a text in quotes, and so what is escaped once more.
    let source = error.source().unwrap().to_string();
    let source = source.replace("\\\\", "\\");
    let mut told = lines.lock().unwrap().clone();
    told.extend([error.to_string(), source]);
    for text in told {
        let escaped = "elsewhere.example\\r\\n2030-01-01 all is well\\u{1b}[31m, [redacted], xx";
        assert!(text.contains(escaped), "{text}");
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(text.len() < 2_000, "{text}");
    }
}

#[test]
fn only_the_given_authorities_and_only_tls_1_3_can_be_asked_for() {
    if is_inside() {
        let error = refused(
            outer_config()
                .ca_pem(TlsIdentity::generate().unwrap().ca_pem())
                .system_authorities(false),
        );
        let expected = "another authority of the same name";
        assert!(error.message().contains(expected), "{error}");
        Client::new(outer_config().min_tls_version("1.3"))
            .unwrap()
            .create(Create::new())
            .unwrap();
        return;
    }
    let identity = TlsIdentity::generate().unwrap();
    let system = tempfile::NamedTempFile::new().unwrap();
    fs::write(system.path(), identity.ca_pem()).unwrap();
    let simulator = builder().tls(identity).start().unwrap();
    let output = inside(
        "only_the_given_authorities_and_only_tls_1_3_can_be_asked_for",
        &std::env::current_exe().unwrap(),
        &[
            ("SSL_CERT_FILE", system.path().to_str().unwrap()),
            ("URL", &simulator.url()),
        ],
    );
    assert!(output.status.success(), "{output:?}");

    let nobody = Client::new(config(&simulator.url()).system_authorities(false)).unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::Configuration);
    assert!(nobody.message().contains("ca_file"), "{nobody}");
}

#[test]
fn authorities_that_cannot_be_read_are_named() {
    if is_inside() {
        let error = refused(outer_config());
        for part in ["SSL_CERT_FILE", "/no/such/file.pem"] {
            assert!(error.message().contains(part), "{error}");
        }
        return;
    }
    let simulator = builder()
        .tls(TlsIdentity::generate().unwrap())
        .start()
        .unwrap();
    let output = inside(
        "authorities_that_cannot_be_read_are_named",
        &std::env::current_exe().unwrap(),
        &[
            ("SSL_CERT_FILE", "/no/such/file.pem"),
            ("URL", &simulator.url()),
        ],
    );
    assert!(output.status.success(), "{output:?}");
}

/// Needs root, for a program that others may run with its rights.
#[cfg(unix)]
#[test]
fn the_starter_of_a_program_with_raised_rights_does_not_choose_whom_it_trusts() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;

    if is_inside() {
        let error = refused(outer_config());
        assert!(error.message().contains("not trusted here"), "{error}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    let identity = TlsIdentity::generate().unwrap();
    let system = directory.path().join("attackers.pem");
    fs::write(&system, identity.ca_pem()).unwrap();
    let simulator = builder().tls(identity).start().unwrap();
    let started = Command::new(&program)
        .args([
            "--exact",
            "the_starter_of_a_program_with_raised_rights_does_not_choose_whom_it_trusts",
        ])
        .env("INSIDE", "yes")
        .env("SSL_CERT_FILE", &system)
        .env("URL", simulator.url())
        .uid(NOBODY)
        .output();
    let Ok(output) = started else {
        return not_run::not_run("needs root, for a program with the setuid bit");
    };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(simulator.counts().requests, 0);
}

#[test]
fn pem_is_read_however_an_editor_saved_it_and_other_formats_are_named() {
    let identity = TlsIdentity::generate().unwrap();
    let pem = identity.ca_pem().to_owned();
    let simulator = builder().tls(identity).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("authorities.pem");
    let with_file = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        Client::new(config(&simulator.url()).ca_file(file.to_str().unwrap()))
    };
    let utf16 = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        mark.into_iter()
            .chain(pem.encode_utf16().flat_map(unit))
            .collect()
    };
    for text in [
        format!("\u{feff}{pem}").into_bytes(),
        pem.replace('\n', "\r\n").into_bytes(),
        utf16([0xff, 0xfe], u16::to_le_bytes),
        utf16([0xfe, 0xff], u16::to_be_bytes),
    ] {
        with_file(&text).unwrap().create(Create::new()).unwrap();
    }
    let trusted = pem.replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
    let pkcs7 = pem.replace(" CERTIFICATE", " PKCS7");
    for (text, expected) in [
        (trusted.as_bytes(), "TRUSTED CERTIFICATE"),
        (pkcs7.as_bytes(), "openssl pkcs7"),
        (b"0\x82\x02\x0a0\x82", "is DER"),
        (b"", "holds no certificate"),
    ] {
        let error = with_file(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error.message().contains(expected) && error.message().contains("authorities.pem"),
            "{error}"
        );
    }
}
