//! Whether what a call claims agrees with what the server counted. Knows nothing of the table.

use crate::observation::Observation;
use polyai_chat_core::{ConversationState, Delivery, ErrorKind, Operation};

pub(crate) fn contradictions(seen: &Observation) -> Vec<String> {
    let mut found = Vec::new();
    let mut must = |holds: bool, words: &str| {
        if !holds {
            found.push(format!("contradiction: {words}"));
        }
    };
    must(
        seen.ledger == seen.taken(),
        &format!(
            "the server's ledger changed {} times, its requests say {}",
            seen.ledger,
            seen.taken()
        ),
    );
    match seen.error.as_ref().map(polyai_chat_core::Error::delivery) {
        // To close, a conversation that is over already is success as well.
        None if seen.operation == Operation::Close => must(seen.taken() <= 1, "closed twice"),
        None => must(
            seen.taken() == 1,
            "succeeded, but the server did not act once",
        ),
        Some(Delivery::NotSent) => must(
            seen.received.is_empty(),
            "not_sent, but the server has read a request",
        ),
        Some(Delivery::Rejected) => must(
            seen.taken() == 0,
            "rejected, but the server has acted on it",
        ),
        Some(Delivery::Unknown) => must(seen.taken() <= 1, "acted on more than once"),
    }
    if seen.operation != Operation::Close {
        let earlier = seen.received.split_last().map_or(&[][..], |(_, rest)| rest);
        must(
            earlier.iter().all(|request| {
                !request.processed
                    && match request.status {
                        Some(429) => true,
                        Some(503) => seen.refuses_with_503,
                        _ => false,
                    }
            }),
            "sent again although the service had not refused it",
        );
    }
    if let Some(error) = &seen.error {
        must(
            error.may_resend() == (error.delivery() != Delivery::Unknown),
            "may_resend does not follow the delivery",
        );
        must(
            u64::try_from(error.attempts().len()) == Ok(seen.attempts),
            "the error does not list every attempt",
        );
        must(
            error.attempts().iter().filter_map(|a| a.delivery).max() == Some(error.delivery()),
            "the delivery is not the worst of its attempts",
        );
        must(
            error.correlation_id().is_some(),
            "the error has no correlation id",
        );
    }
    if let Some(state) = seen.state {
        let is_doubtful = seen.error.as_ref().is_some_and(|error| {
            error.delivery() == Delivery::Unknown && error.kind() != ErrorKind::ConversationEnded
        });
        must(
            (state == ConversationState::InDoubt) == is_doubtful,
            &format!("the conversation is {}", state.name()),
        );
    }
    if let Some(problem) = &seen.afterwards {
        must(false, &format!("the next calls of the client: {problem}"));
    }
    found
}
