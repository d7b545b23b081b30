//! Prints the names in the core's tables, as JSON, and beside them a file of deviations, for a program that has no reader of TOML.
//!
//! `public-names DEVIATIONS`

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of the front door"
)]

use polyai_chat_core::{
    Client, Closed, Config, Create, Error, Greeting, Metrics, OPTIONS, Operation, REQUEST_FIELDS,
    Reply,
};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [deviations] = arguments.as_slice() else {
        eprintln!("usage: public-names DEVIATIONS");
        return ExitCode::from(2);
    };
    match names(deviations) {
        Ok(names) => {
            println!("{names}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("public-names: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn names(deviations: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(deviations)
        .map_err(|error| format!("{}: {error}", deviations.display()))?;
    let deviations: toml::Table =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", deviations.display()))?;
    let settings: Vec<Value> = Config::new()
        .describe()
        .iter()
        .map(polyai_chat_core::SettingDescription::to_json)
        .collect();
    Ok(json!({
        "request_fields": { "create": fields_of(Operation::Create), "respond": fields_of(Operation::Respond) },
        "reply_fields": { "Greeting": Greeting::FIELDS, "Reply": Reply::FIELDS, "Closed": Closed::FIELDS },
        "keys": {
            "attempt": keys(&an_attempt().map_err(|error| error.to_string())?),
            "metrics": keys(&Metrics::default().to_json()),
            "option": OPTIONS.first().map(polyai_chat_core::OptionSpec::to_json).as_ref().map_or_else(Vec::new, keys),
            "setting": settings.first().map_or_else(Vec::new, keys),
        },
        "deviations": deviations,
    }))
}

/// The fields of an operation's request that have a name of their own in every language.
fn fields_of(operation: Operation) -> Vec<&'static str> {
    let of_conversation = (operation != Operation::Create).then_some("conversation_id");
    let of_table = REQUEST_FIELDS.iter().filter(|field| field.is_of(operation));
    let names = of_table
        .map(|field| field.name)
        .filter(|name| *name != "extra");
    of_conversation.into_iter().chain(names).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object();
    object.map_or_else(Vec::new, |object| {
        object.keys().map(String::as_str).collect()
    })
}

/// A real one: of a call to somebody who never answers.
fn an_attempt() -> Result<Value, Error> {
    let no_answer = |error: std::io::Error| Error::internal(format!("no port: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(no_answer)?;
    let address = listener.local_addr().map_err(no_answer)?;
    let client = Client::new(
        Config::new()
            .base_url(format!("http://{address}"))
            .account_id("account")
            .project_id("project")
            .api_key("key")
            .token("token"),
    )?;
    let outcome = client.create(Create::new().timeout(Duration::from_millis(100)));
    let error = outcome
        .err()
        .ok_or_else(|| Error::internal("nobody answered"))?;
    error
        .attempts()
        .first()
        .map(polyai_chat_core::Attempt::to_json)
        .ok_or(error)
}
