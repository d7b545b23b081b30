//! The two published dialects of the service.

/// Which of the service's two published dialects a deployment speaks. Since 0.1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// With `variant_id`, `integration_attributes`, handoff and close.
    Current,
    /// The older one: `user_id` and `metadata` on create, neither handoff nor close.
    Legacy,
}

impl Dialect {
    /// The name, as the option `dialect` takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Legacy => "legacy",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        if name == "legacy" {
            Self::Legacy
        } else {
            Self::Current
        }
    }

    /// The names of the headers for key and token, whose case the service insists on.
    pub(crate) const fn credential_headers(self) -> (&'static str, &'static str) {
        match self {
            Self::Current => ("X-API-KEY", "X-TOKEN"),
            Self::Legacy => ("X-Api-Key", "X-Token"),
        }
    }
}
