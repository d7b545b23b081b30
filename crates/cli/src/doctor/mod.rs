//! `doctor`: whether a conversation could be held, step by step, and what to do where not.

mod certificate;
mod clock;
mod connection;
mod finding;
mod probe;
mod second_opinion;
mod settings;

use crate::configuration;
use crate::exit_status;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use clap::ArgMatches;
use finding::{Finding, Findings};
use polyai_chat_core::{Client, Config, Create, Error, ErrorKind};

const CONFIGURATION_FIX: &str = "set it in the environment, in a profile of the configuration file, or with a flag (polyai-chat doctor --help lists all of them)";

/// What cannot be looked at without a client.
const AFTER_CONFIGURATION: [&str; 9] = [
    "name resolution",
    "connection",
    "TLS",
    "clock",
    probe::CREDENTIALS,
    probe::ACCOUNT,
    probe::PROJECT,
    probe::REGION,
    second_opinion::CHECK,
];

/// Runs the subcommand. The status is that of the first thing that is wrong.
pub(crate) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    let mut findings = Findings::begin(matches.get_flag("json"));
    examine(matches, &mut findings)?;
    findings.end()
}

fn examine(matches: &ArgMatches, findings: &mut Findings) -> Result<(), Failure> {
    let Some((config, client)) = configured(matches, findings)? else {
        return findings.skip(&AFTER_CONFIGURATION, "needs a configuration");
    };
    let timeout = settings::timeout(&config);
    if !connection::examine(&client, &config, timeout, findings)? {
        findings.skip(
            &[
                "clock",
                probe::CREDENTIALS,
                probe::ACCOUNT,
                probe::PROJECT,
                probe::REGION,
            ],
            "needs a connection",
        )?;
        return findings.add(second_opinion::examine(&client, None));
    }
    let answer = probe::ask(&client);
    findings.add(clock::examine(&client, &answer))?;
    let accepted = probe::examine(&answer, &config, &client, findings)?;
    findings.add(second_opinion::examine(&client, answer.status))?;
    if matches.get_flag("create") {
        if accepted {
            create(&client, findings)?;
        } else {
            findings.skip(&["create", "close"], "needs all of the above")?;
        }
    }
    Ok(())
}

/// The first check: whether there is all that a client needs.
fn configured(
    matches: &ArgMatches,
    findings: &mut Findings,
) -> Result<Option<(Config, Client)>, Failure> {
    const CHECK: &str = "configuration";
    let config = match configuration::from_all_sources(matches) {
        Ok(config) => config,
        Err(failure) => {
            let finding = Finding::failed(
                CHECK,
                reason(&failure),
                CONFIGURATION_FIX,
                failure.exit_status(),
            );
            findings.add(finding)?;
            return Ok(None);
        }
    };
    // The last attempt has the status that the probe was answered with.
    let client = Client::new(config.clone().recent_attempts(1));
    let used = settings::used(&config);
    let finding = match &client {
        Ok(_) => {
            let set = format!("complete; {} options are set", used.len());
            let notes = config.passed_over();
            Finding::ok(CHECK, [vec![set], notes].concat().join("; "))
        }
        Err(error) => Finding::failed(
            CHECK,
            error.message(),
            CONFIGURATION_FIX,
            exit_status::of_kind(error.kind()),
        ),
    };
    findings.add(finding)?;
    findings.settings(used)?;
    if let Some((words, file)) = settings::readable_by_others(&config) {
        let remedy = format!("chmod 600 {}", file.display());
        findings.add(Finding::warning(CHECK, words, remedy))?;
    }
    Ok(client.ok().map(|client| (config, client)))
}

fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Call(error) => error.message().to_owned(),
        Failure::Own { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// Holds the shortest of all conversations. Ctrl-C does not leave it open.
fn create(client: &Client, findings: &mut Findings) -> Result<(), Failure> {
    const FIX: &str =
        "check in Agent Studio that the project is deployed and answers in its own chat";
    let interrupts = Interrupts::once()?;
    let conversation = match client.create(Create::new().cancel_when(interrupts.check())) {
        Ok(conversation) => conversation,
        Err(error) => {
            findings.add(failed_call("create", &error, FIX))?;
            return findings.skip(&["close"], "there is nothing to close");
        }
    };
    let elapsed = conversation.greeting().elapsed();
    let created = findings.add(Finding::ok(
        "create",
        format!(
            "the agent has greeted, {}",
            connection::milliseconds(elapsed)
        ),
    ));
    let closed = match conversation.close() {
        Ok(_) => Finding::ok("close", "the conversation is closed"),
        Err(error) if error.kind() == ErrorKind::Unsupported => Finding::skipped(
            "close",
            "the legacy dialect has no close; the conversation ends by its own time limit",
        ),
        Err(error) => failed_call(
            "close",
            &error,
            "the conversation ends by its own time limit; try again",
        ),
    };
    created?;
    findings.add(closed)
}

fn failed_call(check: &'static str, error: &Error, fix: &str) -> Finding {
    Finding::failed(
        check,
        error.to_string(),
        fix,
        exit_status::of_kind(error.kind()),
    )
}
