//! The same question once more, by a stock HTTP client: where the two disagree, the fault is in this library or in what
//! stands between it and the service.

use super::finding::Finding;
use super::probe;
use polyai_chat_core::second_opinion::{Question, shown};
use polyai_chat_core::{Client, Dialect};
use std::sync::Arc;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};

pub(super) const CHECK: &str = "second opinion";

const WHO: &str = "ureq, another HTTP client,";

/// Asks what [`probe::ask`] asks, once. `own` is the status of the answer that this library got, if it got one.
pub(super) fn examine(client: &Client, own: Option<u16>) -> Finding {
    compare(own, ask(client))
}

fn compare(own: Option<u16>, other: Result<u16, String>) -> Finding {
    const SOMETHING_BETWEEN: &str = "something on the way treats the two clients differently: ask those who run the proxy or firewall there, and show them \
         this output, which holds no key or token";
    match (own, other) {
        (Some(own), Ok(other)) if own == other => {
            Finding::ok(CHECK, format!("{WHO} gets the same answer"))
        }
        (None, Err(words)) => Finding::ok(
            CHECK,
            format!("{WHO} did not get an answer either: {words}"),
        ),
        (Some(own), Ok(other)) => Finding::warning(
            CHECK,
            format!("this library got the answer {own}, but {WHO} got {other}"),
            SOMETHING_BETWEEN,
        ),
        (None, Ok(other)) => Finding::warning(
            CHECK,
            format!(
                "{WHO} reached the service and got the answer {other}; this library got none, as said above"
            ),
            "report what this library says above as a defect of it, together with this output, which holds no key or token",
        ),
        (Some(own), Err(words)) => Finding::warning(
            CHECK,
            format!(
                "this library reached the service and got the answer {own}; {WHO} got none: {words}"
            ),
            SOMETHING_BETWEEN,
        ),
    }
}

/// The status of the answer.
fn ask(client: &Client) -> Result<u16, String> {
    let question = probe::question(client).map_err(|error| error.message().to_owned())?;
    let agent = agent(client, &question)?;
    let mut request = match client.dialect() {
        Dialect::Current => agent.put(&question.url),
        Dialect::Legacy => agent.post(&question.url),
    };
    for (name, value) in &question.headers {
        request = request.header_raw(name, value.as_bytes());
    }
    let answer = request.send(&question.body).and_then(|mut answer| {
        // Only a complete one counts.
        answer.body_mut().read_to_vec()?;
        Ok(answer.status().as_u16())
    });
    answer.map_err(|error| shown(client, &error.to_string()))
}

/// A stock agent, but for what the configuration says about the way to the service. It follows no redirect, so that it
/// sends one request and no key to another place.
fn agent(client: &Client, question: &Question) -> Result<Agent, String> {
    let in_words = |error: ureq::Error| error.to_string();
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::from(roots(question).map_err(in_words)?))
        .client_cert(client_certificate(question).map_err(in_words)?)
        .build();
    Ok(Agent::config_builder()
        .tls_config(tls)
        .proxy(proxy(client, question).map_err(in_words)?)
        .timeout_global(Some(question.timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build()
        .into())
}

fn roots(question: &Question) -> Result<Vec<Certificate<'static>>, ureq::Error> {
    let mut roots = Vec::new();
    if question.system_authorities {
        // A file of the system that cannot be read is left out, as the library does.
        let system = rustls_native_certs::load_native_certs().certs;
        let system = system.iter().map(|root| Certificate::from_der(root));
        roots.extend(system.map(|root| root.to_owned()));
    }
    for pem in &question.authorities {
        roots.extend(certificates(pem)?);
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ureq::Error> {
    parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect()
}

fn client_certificate(question: &Question) -> Result<Option<ClientCert>, ureq::Error> {
    let Some((chain, key)) = &question.client_certificate else {
        return Ok(None);
    };
    let key = PrivateKey::from_pem(key)?;
    Ok(Some(ClientCert::new_with_certs(&certificates(chain)?, key)))
}

fn proxy(client: &Client, question: &Question) -> Result<Option<Proxy>, ureq::Error> {
    let Some(url) = client.proxy() else {
        return Ok(None);
    };
    let named = Proxy::new(&url)?;
    let Some((user, password)) = &question.proxy_login else {
        return Ok(Some(named));
    };
    Proxy::builder(named.protocol())
        .host(named.host())
        .port(named.port())
        .username(user)
        .password(password)
        .build()
        .map(Some)
}
