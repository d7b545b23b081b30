//! What the breaker of a client does.

/// What the breaker does with calls. Since 0.1.0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Calls pass; also when no breaker is configured.
    #[default]
    Closed,
    /// Calls fail at once as `unavailable`.
    Open,
    /// One call has been let through to see whether the service is back; the others fail at once.
    Probing,
}

impl BreakerState {
    /// The stable name: `closed`, `open` or `probing`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Probing => "probing",
        }
    }
}
