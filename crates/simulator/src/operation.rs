use serde::{Deserialize, Serialize};
use std::fmt;

/// One of the three things that the Chat API does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Opens a conversation.
    Create,
    /// One turn of a conversation.
    Respond,
    /// Ends a conversation.
    Close,
}

impl Operation {
    /// All operations, in the order in which a conversation uses them.
    pub const ALL: [Self; 3] = [Self::Create, Self::Respond, Self::Close];

    /// The last segment of the operation's path.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Respond => "respond",
            Self::Close => "close",
        }
    }

    /// The HTTP method with which the operation is called.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Self::Create | Self::Respond => "POST",
            Self::Close => "PUT",
        }
    }

    /// The operation of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
