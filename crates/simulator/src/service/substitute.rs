//! Answers that a fault or a script gives in the service's place.

use super::refusal::{envelope, usual_code};
use crate::fault::{Answer, AnswerBody, RetryAfter};
use crate::wire::reply::{Reply, ReplyBody};
use std::time::{Duration, SystemTime};

/// Why a script's answer is what it is.
pub(crate) const SCRIPTED: &str = "An answer of the simulator's script";

/// The reply that stands in place of the service's; `why` is the message of its error envelope.
pub(crate) fn reply(answer: &Answer, why: &str, correlation_id: &str) -> Reply {
    let code = answer
        .error_code
        .as_deref()
        .unwrap_or_else(|| usual_code(answer.status));
    let mut reply = envelope(answer.status, code, why, correlation_id);
    match &answer.body {
        None if matches!(answer.status, 204 | 304) => {
            reply.body = ReplyBody::Bytes(Vec::new());
            reply.content_type.clear();
        }
        None => {}
        Some(AnswerBody::Json(value)) => reply.body = ReplyBody::Json(value.clone()),
        Some(AnswerBody::Text(text)) => reply.body = ReplyBody::Bytes(text.clone().into_bytes()),
        Some(AnswerBody::Bytes(bytes)) => reply.body = ReplyBody::Bytes(bytes.clone()),
        Some(AnswerBody::Filler(count)) => {
            reply.body = ReplyBody::Bytes(vec![b'x'; usize::try_from(*count).unwrap_or(0)]);
        }
    }
    if let Some(content_type) = &answer.content_type {
        reply.content_type.clone_from(content_type);
    }
    reply.headers.extend(answer.headers.iter().cloned());
    reply
        .headers
        .extend(answer.retry_after.map(|retry_after| match retry_after {
            RetryAfter::Seconds(seconds) => format!("Retry-After: {seconds}"),
            RetryAfter::DateInSeconds(seconds) => {
                let now = SystemTime::now();
                let then = now.checked_add(Duration::from_secs(seconds)).unwrap_or(now);
                format!("Retry-After: {}", httpdate::fmt_http_date(then))
            }
        }));
    reply
}
