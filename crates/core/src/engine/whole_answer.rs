//! What a call makes of an answer, from the first byte of it to verdict and reply, without a server: for the fuzz targets.

use super::classification::says_that_it_is_over;
use super::operations::interpreted;
use super::verdict::Verdict;
use crate::call::{Call, CallOptions, CancelToken};
use crate::config::{Credentials, Settings};
use crate::dialect::{read_close, read_create};
use crate::model::{Error, Operation};
use crate::transport::{Failure, ReceivedHead, received_from};
use std::cell::OnceCell;

/// The outcome of a call, and the answer as far as it was read.
pub(crate) struct AnswerOutcome {
    pub(crate) error: Option<Error>,
    pub(crate) received: Option<ReceivedHead>,
    /// The answer came to its end.
    pub(crate) is_complete: bool,
}

/// What an operation makes of these bytes. `request` is the body that was sent.
pub(crate) fn outcome_of_answer(
    bytes: &[u8],
    operation: Operation,
    request: &[u8],
    (settings, credentials): &(Settings, Credentials),
) -> Result<AnswerOutcome, Error> {
    let options = CallOptions::default();
    let calls = CancelToken::new();
    let call = Call::begin(&options, settings.timeout, &calls, &settings.clock)?;
    let verdict = Verdict {
        settings,
        credentials,
        call: &call,
        body: request,
        confidential: OnceCell::new(),
    };
    Ok(match received_from(bytes, settings) {
        Ok(received) => AnswerOutcome {
            error: judge(&verdict, operation, &received, settings).err(),
            received: Some(received),
            is_complete: true,
        },
        Err(failure) => {
            let received = failure.received.as_deref().map(|received| ReceivedHead {
                body: received.body.clone(),
                headers: received.headers.clone(),
                ..*received
            });
            AnswerOutcome {
                error: Some(verdict.on_failure(Failure {
                    sent: true,
                    ..failure
                })),
                received,
                is_complete: false,
            }
        }
    })
}

fn judge(
    verdict: &Verdict<'_>,
    operation: Operation,
    received: &ReceivedHead,
    settings: &Settings,
) -> Result<(), Error> {
    if !received.is_success() {
        let error = verdict.on_status(received);
        return match operation == Operation::Close && says_that_it_is_over(&error) {
            true => Ok(()),
            false => Err(error),
        };
    }
    match operation {
        Operation::Create => interpreted(verdict, received, read_create).map(drop),
        Operation::Respond => interpreted(verdict, received, |text| {
            settings.dialect.read_respond(text, "c-1")
        })
        .map(drop),
        Operation::Close => match interpreted(verdict, received, read_close)?.success {
            true => Ok(()),
            false => Err(verdict.on_refused_close(received)),
        },
    }
}
