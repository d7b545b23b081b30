//! The kinds of failures, from one table.

use crate::foundation::named::named;

named! {
    /// What kind of failure it was, named after what the caller does next. Names and numbers never change their
    /// meaning. Since 0.1.0.
    #[non_exhaustive] ErrorKind;
    InvalidArgument = 1, "invalid_argument", "A call was given something it cannot send. Nothing was sent; correct the argument.";
    Configuration = 2, "configuration", "The configuration is missing something or holds something wrong. The message names the option, where it came from and what would be right.";
    Unsupported = 3, "unsupported", "The chosen dialect of the service has no such operation or field. Nothing was sent.";
    Authentication = 4, "authentication", "The service refused the API key or the connector token (401). Check both, and that they belong to this region.";
    Permission = 5, "permission", "Key and token are known but not allowed to do this (403). Ask the manager of the account.";
    NotFound = 6, "not_found", "No such conversation, account or project (404). Check the ids and the region.";
    ConversationEnded = 7, "conversation_ended", "The conversation is over. Create a new one.";
    Rejected = 8, "rejected", "The service understood the request and refused it (another 4xx). Sending it again changes nothing.";
    RateLimited = 9, "rate_limited", "Too many requests (429). Wait for `retry_after` if it is given.";
    Server = 10, "server", "The service failed (5xx or 408). The turn may have been processed.";
    Connect = 11, "connect", "No connection, or it was lost: name resolution, TCP, proxy or certificate, as the phase tells. The delivery tells whether the service may have heard the turn.";
    Timeout = 12, "timeout", "The deadline passed. The phase tells where, the delivery whether the service may have heard the turn.";
    Cancelled = 13, "cancelled", "The call was cancelled. The delivery tells whether the service may have heard the turn.";
    Protocol = 14, "protocol", "The answer was not what the service is documented to send. Status, content type and the first bytes are shown.";
    Busy = 15, "busy", "The deadline passed while the turn waited for an earlier one, or too many calls are in flight. Nothing was sent.";
    Unavailable = 16, "unavailable", "The call was not tried: too many failed lately, or the system grants no thread, descriptor or memory for a connection. Nothing was sent.";
    Internal = 17, "internal", "A defect of this library. Please report it with the message.";
}
