//! What another HTTP client needs to ask the service what this one asks: `polyai-chat doctor` compares the two. It holds
//! secrets in the clear, so nothing here can be printed. No part of the public interface.

use crate::call::{Close, Respond, correlation};
use crate::client::Client;
use crate::config::PemSource;
use crate::engine::{operation_uri, user_agent};
use crate::model::{CORRELATION_HEADER, Error, Operation};
use std::time::Duration;

/// One request, and how it gets there. The proxy itself is what [`Client::proxy`] says.
pub struct Question {
    /// Where it is sent.
    pub url: String,
    /// Those that the service asks for, with the case of their names.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Vec<u8>,
    /// The deadline of the call.
    pub timeout: Duration,
    /// User name and password for the proxy.
    pub proxy_login: Option<(String, String)>,
    /// Certificate authorities beside those of the system, each a text in PEM.
    pub authorities: Vec<Vec<u8>>,
    /// Whether those of the system are trusted.
    pub system_authorities: bool,
    /// Chain and key of the client's certificate in PEM.
    pub client_certificate: Option<(Vec<u8>, Vec<u8>)>,
}

/// A text of others as it may be shown: at most 1 KB on one line, without key, token and the proxy's password.
#[must_use]
pub fn shown(client: &Client, text: &str) -> String {
    let settings = client.settings();
    let confidential = client.credentials().confidential(settings.proxy.as_ref());
    confidential.shown(text.as_bytes())
}

/// What [`Client::close_conversation`] asks, by PUT.
///
/// # Errors
/// The dialect has no close, or a file of the configuration has gone.
pub fn close(client: &Client, conversation_id: &str) -> Result<Question, Error> {
    let body = client
        .dialect()
        .close_body(conversation_id, &Close::new().0.fields)?;
    question(
        client,
        Operation::Close,
        body,
        client.settings().close_timeout,
    )
}

/// What [`Client::respond`] asks, by POST.
///
/// # Errors
/// A file of the configuration has gone.
pub fn respond(
    client: &Client,
    conversation_id: &str,
    request: &Respond,
) -> Result<Question, Error> {
    let body = client
        .dialect()
        .respond_body(conversation_id, &request.0.fields)?;
    question(client, Operation::Respond, body, client.settings().timeout)
}

fn question(
    client: &Client,
    operation: Operation,
    body: Vec<u8>,
    timeout: Duration,
) -> Result<Question, Error> {
    let (settings, credentials) = (client.settings(), client.credentials());
    let (key, token) = settings.dialect.credential_headers();
    let proxy = settings.proxy.as_ref();
    Ok(Question {
        url: operation_uri(settings, operation)?.to_string(),
        headers: vec![
            ("User-Agent", user_agent(settings)),
            ("Content-Type", "application/json".to_owned()),
            (CORRELATION_HEADER, correlation::new_id().to_string()),
            (key, credentials.api_key.reveal().to_owned()),
            (token, credentials.token.reveal().to_owned()),
        ],
        body,
        timeout,
        proxy_login: proxy
            .and_then(|proxy| proxy.credentials.as_ref())
            .map(|login| {
                (
                    login.user.reveal().to_owned(),
                    login.password.reveal().to_owned(),
                )
            }),
        authorities: settings
            .authorities
            .iter()
            .map(PemSource::read)
            .collect::<Result<_, _>>()?,
        system_authorities: settings.system_authorities,
        client_certificate: settings
            .client_certificate
            .as_ref()
            .map(|certificate| Ok((certificate.chain.read()?, certificate.key.read()?)))
            .transpose()?,
    })
}
