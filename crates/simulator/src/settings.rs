use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Which of the two published descriptions of the API the simulator follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// `X-API-KEY` and `X-TOKEN`; create, respond and close.
    #[default]
    Current,
    /// `X-Api-Key` and `X-Token`; create and respond only.
    Legacy,
}

impl Dialect {
    /// The name of the API key's header, spelled as this dialect requires it.
    #[must_use]
    pub fn key_header(self) -> &'static str {
        match self {
            Self::Current => "X-API-KEY",
            Self::Legacy => "X-Api-Key",
        }
    }

    /// The name of the connector token's header, spelled as this dialect requires it.
    #[must_use]
    pub fn token_header(self) -> &'static str {
        match self {
            Self::Current => "X-TOKEN",
            Self::Legacy => "X-Token",
        }
    }

    /// The dialect's name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Legacy => "legacy",
        }
    }
}

/// How the error code of an ended conversation is spelled; both are in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndedCode {
    /// `CHAT_CONVERSATION_ENDED`
    #[default]
    UpperCase,
    /// `ChatConversationEnded`
    CamelCase,
}

impl EndedCode {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::UpperCase => "CHAT_CONVERSATION_ENDED",
            Self::CamelCase => "ChatConversationEnded",
        }
    }
}

/// What is answered for a conversation id that never existed; both were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownConversation {
    /// 404 with `CONVERSATIONS_NOT_FOUND`
    #[default]
    NotFound,
    /// 410, as if it had ended
    Gone,
}

/// How much of what arrives is kept. The counters are exact either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// The last 10,000 requests in full, and the last 10,000 messages of every conversation.
    #[default]
    Full,
    /// Counters only: for runs that last for hours.
    Counts,
}

/// An API key and a connector token, which are only right together.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) api_key: String,
    pub(crate) token: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials(set)")
    }
}

/// What the service is, fixed while it runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) dialect: Dialect,
    pub(crate) account_id: String,
    pub(crate) project_id: String,
    pub(crate) version: String,
    pub(crate) idle_limit: Option<Duration>,
    pub(crate) body_limit: usize,
    pub(crate) ended_code: EndedCode,
    pub(crate) unknown_conversation: UnknownConversation,
    pub(crate) recording: Recording,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dialect: Dialect::Current,
            account_id: "simulator-account".to_owned(),
            project_id: "simulator-project".to_owned(),
            version: "v1".to_owned(),
            idle_limit: None,
            body_limit: 1024 * 1024,
            ended_code: EndedCode::default(),
            unknown_conversation: UnknownConversation::default(),
            recording: Recording::default(),
        }
    }
}
