//! What the languages that have classes and enums call the same.

use crate::abi::{Abi, Constant};

/// The beginning of the constants for kinds of errors.
pub(super) const KIND: &str = "POLYAI_STATUS_";

/// The members of an enum whose constants begin so. OK is no failure.
pub(super) fn members<'a>(abi: &'a Abi, prefix: &'a str) -> impl Iterator<Item = &'a Constant> {
    let constants = abi.constants.iter();
    constants.filter(move |constant| constant.name.starts_with(prefix) && constant.value != 0)
}

/// `log_level` or `LOG_LEVEL` as `LogLevel`.
pub(super) fn class_name(name: &str) -> String {
    let name = name.to_lowercase();
    let words = name.split('_').filter_map(|word| word.split_at_checked(1));
    words
        .map(|(first, rest)| first.to_uppercase() + rest)
        .collect()
}
