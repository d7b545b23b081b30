//! A conversation.

use crate::events::Shared;
use crate::failure::Result;
use crate::request::{CancelToken, read, respond};
use crate::turn::Turn;
use napi_derive::napi;
use polyai_chat_core as core;

/// One conversation with the agent.
#[napi]
pub struct Conversation {
    conversation: core::Conversation,
    events: Shared,
}

impl Conversation {
    pub(crate) fn new(conversation: core::Conversation, events: Shared) -> Self {
        Self {
            conversation,
            events,
        }
    }
}

#[napi]
impl Conversation {
    /// The id that the service gave it.
    #[napi(getter)]
    pub fn id(&self) -> &str {
        self.conversation.id()
    }

    /// What the agent said first, as JSON.
    #[napi(getter)]
    pub fn greeting(&self) -> String {
        self.conversation.greeting().json_text()
    }

    /// The name of what is known about it now.
    #[napi(getter)]
    pub fn state(&self) -> &str {
        self.conversation.state().name()
    }

    /// Whether it is over, by the service's word or by being closed.
    #[napi(getter)]
    pub fn is_over(&self) -> bool {
        self.conversation.is_over()
    }

    /// Starts a turn.
    ///
    /// # Errors
    /// Something in the request is wrong.
    #[napi]
    pub fn start_respond(
        &self,
        number: u32,
        message: Option<String>,
        request: String,
        cancel: Option<&CancelToken>,
    ) -> Result<Turn> {
        let turn = self
            .conversation
            .start_respond(respond(message, &request, cancel)?);
        Turn::started(turn, &self.events, number)
    }

    /// Starts to close it.
    ///
    /// # Errors
    /// Something in the request is wrong.
    #[napi]
    pub fn start_close(
        &self,
        number: u32,
        request: String,
        cancel: Option<&CancelToken>,
    ) -> Result<Turn> {
        let turn = self.conversation.start_close(read(&request, cancel)?);
        Turn::started(turn, &self.events, number)
    }

    /// Starts to close it, if that is still of use.
    ///
    /// # Errors
    /// No thread can be had.
    #[napi]
    pub fn start_close_if_open(&self, number: u32) -> Result<Turn> {
        let turn = self.conversation.start_close_if_open();
        Turn::started(turn, &self.events, number)
    }
}
