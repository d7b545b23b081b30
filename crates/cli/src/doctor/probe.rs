//! Whether key, token, account, project and region are accepted: asked about a conversation that cannot exist, so that
//! nothing is created and nothing changed.

use super::finding::{Finding, Findings};
use super::settings;
use crate::exit_status;
use crate::failure::Failure;
use polyai_chat_core::second_opinion::{self, Question};
use polyai_chat_core::{
    Client, Close, Closed, Config, Dialect, Error, ErrorKind, Region, Reply, Respond,
};
use std::time::SystemTime;

pub(super) const CREDENTIALS: &str = "key and token";
pub(super) const ACCOUNT: &str = "account";
pub(super) const PROJECT: &str = "project";
pub(super) const REGION: &str = "region";

/// An id that no create returns.
const NO_CONVERSATION: &str = "polyai-chat-doctor-asks-about-no-conversation";

/// What the service said, and when.
pub(super) struct Answer {
    outcome: Result<Told, Error>,
    /// None where there was no answer, or none that could be read.
    pub(super) status: Option<u16>,
    pub(super) received_at: SystemTime,
}

/// An answer that is no error.
enum Told {
    Closed(Closed),
    Replied(Reply),
}

impl Answer {
    /// What time the service thinks it is.
    pub(super) fn date(&self) -> Option<&str> {
        match &self.outcome {
            Ok(Told::Closed(closed)) => closed.header("date"),
            Ok(Told::Replied(reply)) => reply.header("date"),
            Err(error) => error.header("date"),
        }
    }
}

/// Asks. A close is the mildest question; the legacy dialect has none.
pub(super) fn ask(client: &Client) -> Answer {
    let outcome = match client.dialect() {
        Dialect::Current => client
            .close_conversation(NO_CONVERSATION, Close::new())
            .map(Told::Closed),
        Dialect::Legacy => client
            .respond(NO_CONVERSATION, Respond::new(""))
            .map(Told::Replied),
    };
    let last_attempt = client.recent_attempts(0).pop();
    Answer {
        outcome,
        status: last_attempt.and_then(|attempt| attempt.status),
        received_at: SystemTime::now(),
    }
}

/// The same question, for another HTTP client.
pub(super) fn question(client: &Client) -> Result<Question, Error> {
    match client.dialect() {
        Dialect::Current => second_opinion::close(client, NO_CONVERSATION),
        Dialect::Legacy => second_opinion::respond(client, NO_CONVERSATION, &Respond::new("")),
    }
}

/// What the answer says about each of them; whether all are accepted.
pub(super) fn examine(
    answer: &Answer,
    config: &Config,
    client: &Client,
    findings: &mut Findings,
) -> Result<bool, Failure> {
    let verdict = judge(answer.outcome.as_ref().map(|_| ()));
    let account = settings::value(config, "account_id")
        .unwrap_or_else(|| "what the Studio URL names".to_owned());
    let project = settings::value(config, "project_id")
        .unwrap_or_else(|| "what the Studio URL names".to_owned());
    let error = answer.outcome.as_ref().err();
    let report = |check: &'static str, detail: String, state: State, fix: &str| match (state, error)
    {
        (State::Accepted, _) | (State::Refused, None) => Finding::ok(check, detail),
        (State::Refused, Some(error)) => Finding::failed(
            check,
            error.message(),
            fix,
            exit_status::of_kind(error.kind()),
        ),
        (State::Unknown, _) => Finding::skipped(check, "cannot be told from this answer"),
    };
    findings.add(report(
        CREDENTIALS,
        "accepted".to_owned(),
        verdict.credentials,
        verdict.fix,
    ))?;
    findings.add(report(
        ACCOUNT,
        format!("{account} is accepted"),
        verdict.account,
        verdict.fix,
    ))?;
    findings.add(report(
        PROJECT,
        format!("{project} is accepted"),
        verdict.project,
        verdict.fix,
    ))?;
    findings.add(match verdict.region {
        State::Accepted => Finding::ok(REGION, place(config, client)),
        _ => Finding::skipped(
            REGION,
            format!(
                "{}; not confirmed as long as something else is refused",
                place(config, client)
            ),
        ),
    })?;
    Ok(verdict.region == State::Accepted)
}

/// The region by name, where one is behind what is configured.
fn place(config: &Config, client: &Client) -> String {
    let base = client.base_url();
    let named = polyai_chat_core::REGIONS
        .iter()
        .find(|region| region.base_url == base);
    let chosen = settings::value(config, REGION).and_then(|name| Region::parse(&name).ok());
    match named.or(chosen.filter(|region| region.base_url == base)) {
        Some(region) => format!("{} at {base}", region.name),
        None => format!("none, the base URL is {base}"),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Accepted,
    Refused,
    Unknown,
}

#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    credentials: State,
    account: State,
    project: State,
    region: State,
    fix: &'static str,
}

impl Verdict {
    const ACCEPTED: Self = Self {
        credentials: State::Accepted,
        account: State::Accepted,
        project: State::Accepted,
        region: State::Accepted,
        fix: "",
    };
}

/// Reads the answer: the credentials are checked first, then the account, then the project, then the conversation.
fn judge(outcome: Result<(), &Error>) -> Verdict {
    use State::{Accepted, Refused, Unknown};
    let Err(error) = outcome else {
        return Verdict::ACCEPTED;
    };
    let code = error.error_code().unwrap_or_default();
    match (error.kind(), code) {
        (ErrorKind::ConversationEnded, _) | (ErrorKind::NotFound, "CONVERSATIONS_NOT_FOUND") => {
            Verdict::ACCEPTED
        }
        // The service looked at the question itself, and found it odd.
        (ErrorKind::Rejected, code) if code.ends_with("_VALIDATION_FAILED") => Verdict::ACCEPTED,
        (ErrorKind::Authentication, _) => Verdict {
            credentials: Refused,
            account: Unknown,
            project: Unknown,
            region: Unknown,
            fix: "copy key and connector token again from Agent Studio, and check that they belong to this region and project",
        },
        (ErrorKind::Permission, _) => Verdict {
            credentials: Accepted,
            account: Refused,
            project: Unknown,
            region: Unknown,
            fix: "ask the manager of the account to allow this key the Chat API of this project",
        },
        (ErrorKind::NotFound, "ACCOUNT_NOT_FOUND") => Verdict {
            credentials: Accepted,
            account: Refused,
            project: Unknown,
            region: Unknown,
            fix: "take account_id and region from the agent's Agent Studio URL, or give that URL with --studio-url",
        },
        (ErrorKind::NotFound, "PROJECT_NOT_FOUND") => Verdict {
            credentials: Accepted,
            account: Accepted,
            project: Refused,
            region: Unknown,
            fix: "take project_id from the agent's Agent Studio URL, or give that URL with --studio-url",
        },
        (ErrorKind::NotFound, _) => Verdict {
            credentials: Unknown,
            account: Refused,
            project: Refused,
            region: Unknown,
            fix: "check region or base URL, api_version, account_id and project_id: the Agent Studio URL holds most of them (--studio-url)",
        },
        (kind, _) => Verdict {
            credentials: Refused,
            account: Unknown,
            project: Unknown,
            region: Unknown,
            fix: match kind {
                ErrorKind::RateLimited | ErrorKind::Server | ErrorKind::Unavailable => {
                    "try again later; if it stays, ask the service's support with the correlation id that --json of chat shows"
                }
                ErrorKind::Timeout | ErrorKind::Connect => {
                    "check the network between this machine and the service, or give it more time (--timeout, --close-timeout)"
                }
                _ => {
                    "check that the base URL leads to the Chat API, and that dialect and api_version are those of the deployment"
                }
            },
        },
    }
}
