//! A call that was started.

use crate::conversation::Conversation;
use crate::events::Shared;
use crate::failure::{Result, failed};
use napi::Either;
use napi_derive::napi;
use polyai_chat_core::{self as core, Error, StartedCall};

/// A call that was started. Dropping it cancels it: the package keeps it until it is done.
#[napi]
pub struct Turn {
    call: StartedCall,
    events: Shared,
}

impl Turn {
    /// What was started, if it was. An event with its number says when it is done.
    pub(crate) fn started<T>(
        outcome: std::result::Result<core::Turn<T>, Error>,
        events: &Shared,
        number: u32,
    ) -> Result<Self>
    where
        core::Turn<T>: Into<StartedCall>,
    {
        let call = failed(outcome)?.into();
        events.expect(&call, number);
        Ok(Self {
            call,
            events: events.clone(),
        })
    }
}

#[napi]
impl Turn {
    /// The outcome, once: what was created, or the JSON of the answer, or null where there is none.
    ///
    /// # Errors
    /// Those of the call.
    #[napi]
    pub fn take(&self) -> Result<Option<Either<Conversation, String>>> {
        fn taken<T>(call: &core::Turn<T>) -> Result<T> {
            let gone = || Err(Error::internal("the outcome of the turn is gone"));
            failed(call.take_once().unwrap_or_else(gone))
        }
        Ok(match &self.call {
            StartedCall::Create(call) => {
                let events = self.events.clone();
                Some(Either::A(Conversation::new(taken(call)?, events)))
            }
            StartedCall::Respond(call) => Some(Either::B(taken(call)?.json_text())),
            StartedCall::Close(call) => Some(Either::B(taken(call)?.json_text())),
            StartedCall::CloseIfOpen(call) => {
                taken(call)?.map(|closed| Either::B(closed.json_text()))
            }
            StartedCall::WarmUp(call) => {
                taken(call)?;
                None
            }
        })
    }

    /// Ends the call, which is then done within milliseconds.
    #[napi]
    pub fn cancel(&self) {
        self.call.cancel();
    }

    /// The id that the service's support asks for.
    #[napi(getter)]
    pub fn correlation_id(&self) -> &str {
        self.call.correlation_id()
    }
}
