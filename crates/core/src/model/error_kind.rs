//! The kinds of failures, from one table.

use std::fmt;

/// Makes [`ErrorKind`] and everything that lists its members from one table.
macro_rules! error_kinds {
    ($($(#[$attribute:meta])* $variant:ident = $number:literal, $name:literal, $meaning:literal;)+) => {
        /// What kind of failure it was, named after what the caller does next. Names and numbers never change their
        /// meaning. Since 0.1.0.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u32)]
        pub enum ErrorKind {
            $(#[doc = $meaning] $variant = $number,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name, such as `rate_limited`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The stable number.
            #[must_use]
            pub const fn number(self) -> u32 {
                self as u32
            }

            /// What it means and what to do about it, in one sentence or two.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

error_kinds! {
    InvalidArgument = 1, "invalid_argument", "A call was given something it cannot send. Nothing was sent; correct the argument.";
    Configuration = 2, "configuration", "The configuration is missing something or holds something wrong. The message names the option, where it came from and what would be right.";
    Unsupported = 3, "unsupported", "The chosen dialect of the service has no such operation or field. Nothing was sent.";
    Authentication = 4, "authentication", "The service refused the API key or the connector token (401). Check both, and that they belong to this region.";
    Permission = 5, "permission", "Key and token are known but not allowed to do this (403). Ask whoever manages the account.";
    NotFound = 6, "not_found", "No such conversation, account or project (404). Check the ids and the region.";
    ConversationEnded = 7, "conversation_ended", "The conversation is over. Create a new one.";
    Rejected = 8, "rejected", "The service understood the request and refused it (another 4xx). Sending it again changes nothing.";
    RateLimited = 9, "rate_limited", "Too many requests (429). Wait for `retry_after` if it is given.";
    Server = 10, "server", "The service failed (5xx or 408). The turn may have been processed.";
    Connect = 11, "connect", "No connection, or it was lost: name resolution, TCP, proxy or certificate, as the phase tells. The delivery tells whether the service may have heard the turn.";
    Timeout = 12, "timeout", "The deadline passed. The phase tells where, the delivery whether the service may have heard the turn.";
    Cancelled = 13, "cancelled", "The call was cancelled. The delivery tells whether the service may have heard the turn.";
    Protocol = 14, "protocol", "The answer was not what the service is documented to send. Status, content type and the first bytes are shown.";
    Busy = 15, "busy", "The deadline passed while the turn waited for an earlier one. Nothing was sent.";
    Unavailable = 16, "unavailable", "Too many calls failed lately, so this one was not tried. Nothing was sent.";
    Internal = 17, "internal", "A defect of this library. Please report it with the message.";
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_in_order() {
        let numbers: Vec<u32> = ErrorKind::ALL.iter().map(|kind| kind.number()).collect();
        let expected: Vec<u32> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected);
        let names: std::collections::HashSet<_> =
            ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), numbers.len());
    }
}
