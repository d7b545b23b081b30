//! The three operations of the service.

use std::fmt;

/// What a request asks for. Since 0.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Starts a conversation.
    Create,
    /// One turn.
    Respond,
    /// Ends a conversation.
    Close,
}

impl Operation {
    /// All three, in the order of a conversation.
    pub const ALL: [Self; 3] = [Self::Create, Self::Respond, Self::Close];

    /// The service's own word: `create`, `respond` or `close`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Respond => "respond",
            Self::Close => "close",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
