//! The head of an operation's request: its path and its headers.

use crate::config::Settings;
use crate::foundation::version::USER_AGENT;
use crate::model::{Error, ErrorKind, Operation, Phase};
use crate::transport::{Method, PreparedHead};
use http::Uri;

/// The path of an operation, and the headers that are the same for every call.
pub(super) fn prepared_head(
    settings: &Settings,
    operation: Operation,
) -> Result<PreparedHead, Error> {
    let uri = operation_uri(settings, operation)?;
    let method = match operation {
        Operation::Create | Operation::Respond => Method::Post,
        Operation::Close => Method::Put,
    };
    let user_agent = user_agent(settings);
    let host = settings.base.host_header();
    let headers = [
        ("Host", host.as_str()),
        ("User-Agent", &user_agent),
        ("Content-Type", "application/json"),
    ];
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok(PreparedHead::new(method, path, &headers))
}

pub(crate) fn user_agent(settings: &Settings) -> String {
    match &settings.user_agent {
        Some(added) => format!("{USER_AGENT} {added}"),
        None => USER_AGENT.to_owned(),
    }
}

pub(crate) fn operation_uri(settings: &Settings, operation: Operation) -> Result<Uri, Error> {
    let Settings {
        base,
        api_version,
        account_id,
        project_id,
        ..
    } = settings;
    let text = format!(
        "{}/{api_version}/{account_id}/{project_id}/chat/{operation}",
        base.text
    );
    text.parse().map_err(|error| {
        Error::new(
            ErrorKind::Configuration,
            format!("{text:?} is not a URL: {error}"),
        )
        .with_phase(Phase::Prepare)
    })
}
