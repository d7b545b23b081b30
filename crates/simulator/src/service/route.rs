use crate::operation::Operation;

/// Where a request's path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Chat {
        version: String,
        account_id: String,
        project_id: String,
        operation: Operation,
    },
    /// The simulator's own page and endpoints.
    Own,
    Nowhere,
}

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').collect();
        match segments.as_slice() {
            ["", version, account_id, project_id, "chat", operation] => {
                Operation::from_name(operation).map_or(Self::Nowhere, |operation| Self::Chat {
                    version: (*version).to_owned(),
                    account_id: (*account_id).to_owned(),
                    project_id: (*project_id).to_owned(),
                    operation,
                })
            }
            ["", ""] | ["", "_simulator", ..] => Self::Own,
            _ => Self::Nowhere,
        }
    }

    pub(crate) fn operation(&self) -> Option<Operation> {
        match self {
            Self::Chat { operation, .. } => Some(*operation),
            Self::Own | Self::Nowhere => None,
        }
    }
}
