//! What the languages that have classes and enums call the same.

use crate::abi::{Abi, Constant};

/// The beginning of the constants for kinds of errors.
pub(super) const KIND: &str = "POLYAI_STATUS_";

/// The enums: name, the beginning of their constants in C, and what they are.
pub(super) const ENUMS: [(&str, &str, &str); 4] = [
    ("ErrorKind", KIND, "What kind of failure an error is."),
    (
        "Delivery",
        "POLYAI_DELIVERY_",
        "Whether the request of a failed call reached the conversation.",
    ),
    (
        "ConversationState",
        "POLYAI_STATE_",
        "What is known about a conversation.",
    ),
    ("LogLevel", "POLYAI_LOG_", "How urgent a log line is."),
];

/// The members of an enum whose constants begin so. OK is no failure.
pub(super) fn members<'a>(abi: &'a Abi, prefix: &'a str) -> impl Iterator<Item = &'a Constant> {
    let constants = abi.constants.iter();
    constants.filter(move |constant| constant.name.starts_with(prefix) && constant.value != 0)
}

/// The class for a kind of error, without prefix and suffix, in a language that calls some of them otherwise.
pub(super) fn error_class(kind: &Constant, renamed: &[(&str, &str)]) -> String {
    let kind = kind.name.trim_start_matches(KIND).to_lowercase();
    let other = renamed.iter().find(|(of, _)| *of == kind);
    other.map_or_else(|| class_name(&kind), |(_, name)| (*name).to_owned())
}

/// `log_level` as `logLevel`.
pub(super) fn camel_case(name: &str) -> String {
    match name.split_once('_') {
        Some((first, rest)) => first.to_owned() + &class_name(rest),
        None => name.to_owned(),
    }
}

/// `log_level` or `LOG_LEVEL` as `LogLevel`.
pub(super) fn class_name(name: &str) -> String {
    let name = name.to_lowercase();
    let words = name.split('_').filter_map(|word| word.split_at_checked(1));
    words
        .map(|(first, rest)| first.to_uppercase() + rest)
        .collect()
}
