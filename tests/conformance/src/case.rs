//! What a case consists of, and the files that hold cases.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

/// Stands for null, which TOML cannot write.
pub const NONE: &str = "<none>";
/// Stands for what the customer said in this step.
pub const MESSAGE: &str = "<message>";

/// One file of cases that belong together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// The name of the file, without its ending.
    #[serde(skip)]
    pub name: String,
    /// What the cases are about, in a sentence.
    pub about: String,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One behaviour.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What holds, as a clause; unique in its file.
    pub name: String,
    /// The dialect of service and client.
    #[serde(default)]
    pub dialect: Dialect,
    /// Options of the client, by their names in the table of options, beside those that lead to the simulator. `<none>`
    /// takes one of those away.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// A script of the simulator, with what its agent says and its faults; TOML, as in `docs/simulator.md`.
    #[serde(default)]
    pub script: String,
    /// What an id gets that never existed: 404 or 410.
    #[serde(default)]
    pub unknown_conversation: Option<u16>,
    /// Has the service speak TLS, with this certificate. Plain HTTP by default.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// What making the client must lead to; it must succeed by default.
    #[serde(default)]
    pub client: Option<Value>,
    /// What the caller does, one after the other.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What the service must have received.
    #[serde(default)]
    pub received: Received,
}

/// The two published descriptions of the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// The default.
    #[default]
    Current,
    /// The older one.
    Legacy,
}

/// The service's certificate, and whether the client is given its authority by `ca_pem`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// A good one, of an authority that the client is given.
    Trusted,
    /// A good one, of an authority that the client is not given.
    Untrusted,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It is for another host.
    OtherHost,
}

/// One thing that the caller does.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is done.
    #[serde(rename = "do")]
    pub action: Action,
    /// A name for the conversation, chosen by `create` and `attach`.
    #[serde(default = "the_conversation")]
    pub conversation: String,
    /// A name for the call under way, chosen by `start_...`.
    #[serde(default = "the_turn")]
    pub turn: String,
    /// The id for `attach`, `respond_by_id` and `close_by_id`; by default that of `of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The conversation whose id is meant; by default the one named in `conversation`.
    #[serde(default, skip_serializing)]
    pub of: Option<String>,
    /// What the customer says; absent is not the same as empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How often the message is said in one breath, for messages that are too large to be written down.
    #[serde(default = "once", skip_serializing)]
    pub times: usize,
    /// The fields and settings of the request, by their names in the core, times in `..._ms`. With `cancel_after_ms` the call is
    /// given a token, which another thread uses so long after; with `cancelled_before`, one that was cancelled for good before.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub with: Map<String, Value>,
    /// How long `wait` waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// Done on a thread of its own, while the next steps are done; its outcome is awaited at the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_a_thread: bool,
    /// Done only when the service has seen this.
    #[serde(default, skip_serializing)]
    pub after: Option<Seen>,
    /// What must come of it: the fields that are named here. A text that begins with `~` is a regular expression, `<none>` is
    /// null, and `<message>` what was said. Headers are named with the list of their values. Without this it must succeed.
    #[serde(default, skip_serializing)]
    pub expect: Option<Value>,
}

impl Step {
    /// What the customer says.
    #[must_use]
    pub fn said(&self) -> Option<String> {
        let message = self.message.as_ref()?;
        Some(message.repeat(self.times))
    }

    /// As a runner gets it.
    #[must_use]
    pub fn for_a_runner(&self) -> Value {
        let said = Self {
            message: self.said(),
            ..self.clone()
        };
        serde_json::json!(said)
    }
}

/// What a caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Starts a conversation.
    Create,
    /// Goes on with one by its id.
    Attach,
    /// One turn.
    Respond,
    /// Closes it.
    Close,
    /// One turn by the conversation's id alone.
    RespondById,
    /// Closes by the id alone.
    CloseById,
    /// Starts a create and returns.
    StartCreate,
    /// Starts a turn and returns.
    StartRespond,
    /// Starts a close and returns.
    StartClose,
    /// Starts a turn by the conversation's id alone and returns.
    StartRespondById,
    /// Starts a close by the id alone and returns.
    StartCloseById,
    /// Starts a close that sends nothing where that is of no use, and returns. Taken, it is `closed` where something was sent.
    StartCloseIfOpen,
    /// Opens a connection ahead, within `with.timeout_ms`.
    WarmUp,
    /// Starts to open a connection ahead and returns. Taken, it has nothing to show.
    StartWarmUp,
    /// Waits until one of the started calls is done that was not named yet: `{"turn": ...}`.
    NextDone,
    /// Waits a while for a started call: `{"done": ...}`.
    Wait,
    /// Cancels a started call.
    Cancel,
    /// Takes the outcome of a started call.
    Take,
    /// What is known about a conversation: `{"state": ...}`.
    State,
    /// Leaves a scope that closes what is open. Whether that sent something is looked up at the service: `{"sent": ...}`.
    CloseIfOpen,
    /// Ends every call and has later ones fail.
    ShutDown,
    /// The lines that the client has logged so far: `{"log": [...]}`.
    LogLines,
    /// Replaces key and token by `with.api_key` and `with.token`.
    ReplaceCredentials,
    /// The service ends the conversation.
    #[serde(rename = "service_ends")]
    ServiceEnds,
    /// The service's time limit for the conversation passes.
    #[serde(rename = "service_times_out")]
    ServiceTimesOut,
}

impl Action {
    /// Whether the service does it, and not the caller.
    #[must_use]
    pub fn is_of_the_service(self) -> bool {
        matches!(self, Self::ServiceEnds | Self::ServiceTimesOut)
    }
}

/// So many requests of an operation that the service has read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// `create`, `respond` or `close`.
    pub operation: String,
    /// So many.
    pub requests: u64,
}

/// What the service must have received; what is not named is not looked at, but that no turn is counted twice.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Received {
    /// Connections accepted.
    pub connections: Option<u64>,
    /// Requests to create.
    pub create: Option<u64>,
    /// Requests to respond.
    pub respond: Option<u64>,
    /// Requests to close.
    pub close: Option<u64>,
    /// Turns that entered a conversation.
    pub turns: Option<u64>,
    /// The requests in their order.
    pub requests: Option<Vec<Request>>,
}

/// One request as the service must have received it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The operation that its path names.
    pub operation: String,
    /// The method.
    #[serde(default)]
    pub method: Option<String>,
    /// The path, exactly.
    #[serde(default)]
    pub target: Option<String>,
    /// Headers by their exact spelling. `<none>`: it must not be there.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// The whole body.
    #[serde(default)]
    pub body: Option<Value>,
}

fn once() -> usize {
    1
}

fn the_conversation() -> String {
    "the conversation".to_owned()
}

fn the_turn() -> String {
    "the turn".to_owned()
}

/// All families of a directory, by name.
pub fn families(directory: &Path) -> Result<Vec<Family>, String> {
    let entries = std::fs::read_dir(directory)
        .map_err(|error| format!("{} cannot be read: {error}", directory.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    files.iter().map(|file| family(file)).collect()
}

fn family(file: &Path) -> Result<Family, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let mut family: Family =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    family.name = file
        .file_stem()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    for (number, case) in family.cases.iter().enumerate() {
        if family
            .cases
            .iter()
            .take(number)
            .any(|other| other.name == case.name)
        {
            return Err(format!(
                "{}: two cases are called {:?}",
                file.display(),
                case.name
            ));
        }
    }
    Ok(family)
}
