//! What can be wrong with a script.

use thiserror::Error;

/// What is wrong with a script, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("cannot read the script {file}: {reason}")]
    Unreadable {
        /// The file's name.
        file: String,
        /// What the operating system says.
        reason: String,
    },
    /// The script is not valid.
    #[error("{file}:{line}:{column}: {message}")]
    Invalid {
        /// The file's name.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
}
