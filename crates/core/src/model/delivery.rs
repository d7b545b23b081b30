//! Whether the request of a failed call reached the conversation, and whether it may be repeated.

use crate::foundation::named::named;

named! {
    /// Whether the request of a failed call reached the conversation. Since 0.1.0.
    Delivery;
    NotSent = 1, "not_sent", "No byte of the request left this machine: it is safe to send it again.";
    Rejected = 2, "rejected", "The service answered, and the turn did not enter the conversation: it is safe to send it again.";
    Unknown = 3, "unknown", "The service may have acted on it: sending it again may double it.";
}

impl Delivery {
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::NotSent => "nothing was sent",
            Self::Rejected => "the service rejected it",
            Self::Unknown => "the service may have acted on it",
        }
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
