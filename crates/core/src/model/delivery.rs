//! Whether the request of a failed call reached the conversation, and whether it may be repeated.

use std::fmt;

/// Whether the request of a failed call reached the conversation. Since 0.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Delivery {
    /// No byte of the request left this machine: it is safe to send it again.
    NotSent = 1,
    /// The service answered, and the turn did not enter the conversation: it is safe to send it again.
    Rejected = 2,
    /// The service may have acted on it: sending it again may double it.
    Unknown = 3,
}

impl Delivery {
    /// The stable name: `not_sent`, `rejected` or `unknown`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }

    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::NotSent => "nothing was sent",
            Self::Rejected => "the service did not take it",
            Self::Unknown => "the service may have acted on it",
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Whether a failed request may be repeated without asking the caller; the contract's table, last column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It would fail again, or the caller has to decide.
    Never,
    /// Nothing of it can have been processed.
    AnyOperation,
    /// It may have been processed, which only close can bear.
    CloseOnly,
}
