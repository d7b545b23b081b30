//! The conversation.

use crate::arguments::{
    BorrowedText, Changed, Freed, LengthOut, NewOut, Optional, OptionalOut, OptionalText, Shared,
};
use crate::constants::{
    POLYAI_STATE_CLOSED, POLYAI_STATE_ENDED, POLYAI_STATE_IN_DOUBT, POLYAI_STATE_OPEN, polyai_state,
};
use crate::handle::{Kind, Object};
use crate::reply::Reply;
use crate::request::{Content, Request};
use crate::text::LazyText;
use crate::turn::Turn;
use polyai_chat_core::{ConversationState, Error, Greeting, Operation};

pub struct Conversation {
    conversation: polyai_chat_core::Conversation,
    id: LazyText,
    greeting: LazyText,
}

impl Object for Conversation {
    const KIND: Kind = Kind::Conversation;
}

impl Conversation {
    pub(crate) fn new(conversation: polyai_chat_core::Conversation) -> Self {
        Self {
            conversation,
            id: LazyText::default(),
            greeting: LazyText::default(),
        }
    }
}

export! {
    /// Frees a conversation. Sends nothing: close it first. Turns that were started go on.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_conversation_free(conversation: Freed<Conversation>) {
        conversation.free()
    }

    /// One turn: says `message`, and gives the agent's reply. A `message` of NULL is a turn without a message, which is not
    /// the same as an empty one; the legacy dialect has none, and sends an empty one.
    ///
    /// Turns of one conversation are sent one at a time, in the order of the calls; who waits does so inside its own deadline.
    ///
    /// Errors: `POLYAI_STATUS_CONVERSATION_ENDED` without a request when it is over; `POLYAI_STATUS_BUSY` when the deadline passes
    /// while an earlier turn is under way; else any. Send again only where `polyai_error_may_resend` says so.
    ///
    /// Blocks: until the agent has replied, at most for the deadline. Threads: any. Since: 0.1.0.
    fallible fn polyai_conversation_respond(
        conversation: Changed<Conversation>,
        message: OptionalText,
        message_length: usize,
        request: Optional<Request>,
        reply: NewOut<Reply>,
    ) {
        reply.check()?;
        let conversation = conversation.get()?;
        let message = message.read(&message_length)?;
        let content = Content::of(request.get()?, Operation::Respond)?;
        reply.give(Reply::of_turn(conversation.conversation.respond(content.respond(message))?))
    }

    /// Starts a turn and returns at once. Its place among the turns, and its deadline, are those of now. Take the reply with
    /// `polyai_turn_take_reply`.
    ///
    /// Errors: those of the arguments; `POLYAI_STATUS_INTERNAL` when no thread can be had. What responding reports comes when the
    /// reply is taken.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    fallible fn polyai_conversation_start_respond(
        conversation: Changed<Conversation>,
        message: OptionalText,
        message_length: usize,
        request: Optional<Request>,
        turn: NewOut<Turn>,
    ) {
        turn.check()?;
        let conversation = conversation.get()?;
        let message = message.read(&message_length)?;
        let content = Content::of(request.get()?, Operation::Respond)?;
        let started = conversation.conversation.start_respond(content.respond(message))?;
        turn.give(Turn::of_respond(started))
    }

    /// Closes it. Sent once, also when the service has said that it is over; later calls give the first answer. Waits for
    /// earlier turns.
    ///
    /// Errors: `POLYAI_STATUS_UNSUPPORTED` in the legacy dialect, which has no close; else any.
    ///
    /// Blocks: at most for the deadline of a close. Threads: any. Since: 0.1.0.
    fallible fn polyai_conversation_close(
        conversation: Changed<Conversation>,
        request: Optional<Request>,
        reply: OptionalOut<Reply>,
    ) {
        let conversation = conversation.get()?;
        let content = Content::of(request.get()?, Operation::Close)?;
        reply.give(Reply::of_close(conversation.conversation.close_with(content.close())?))
    }

    /// Starts to close it and returns at once. Take the reply with `polyai_turn_take_reply`.
    ///
    /// Errors: as `polyai_conversation_start_respond`.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    fallible fn polyai_conversation_start_close(
        conversation: Changed<Conversation>,
        request: Optional<Request>,
        turn: NewOut<Turn>,
    ) {
        turn.check()?;
        let conversation = conversation.get()?;
        let content = Content::of(request.get()?, Operation::Close)?;
        turn.give(Turn::of_close(conversation.conversation.start_close(content.close())?))
    }

    /// Closes it if that is still of use: sends nothing when it is over or the dialect has no close. For the end of a
    /// scope.
    ///
    /// Errors: any.
    ///
    /// Blocks: at most for the client's deadline of a close. Threads: any. Since: 0.1.0.
    fallible fn polyai_conversation_close_if_open(conversation: Changed<Conversation>) {
        conversation.get()?.conversation.close_if_open().map(drop)
    }

    /// The id that the service gave it.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_conversation_id(conversation: Shared<Conversation>, length: LengthOut) -> BorrowedText {
        let conversation = conversation.get()?;
        Ok(length.borrow(conversation.id.get(|| Some(conversation.conversation.id()))))
    }

    /// What the agent said first; NULL for a conversation that was attached to.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_conversation_greeting(conversation: Shared<Conversation>, length: LengthOut) -> BorrowedText {
        let conversation = conversation.get()?;
        let greeting = || conversation.conversation.greeting().map(Greeting::response);
        Ok(length.borrow(conversation.greeting.get(greeting)))
    }

    /// The greeting with all that came with it, as a reply of its own.
    ///
    /// Errors: `POLYAI_STATUS_INVALID_ARGUMENT` for a conversation that was attached to.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    fallible fn polyai_conversation_greeting_reply(conversation: Shared<Conversation>, reply: NewOut<Reply>) {
        reply.check()?;
        let conversation = conversation.get()?;
        let greeting = conversation.conversation.greeting().ok_or_else(|| {
            Error::invalid_argument("the conversation was attached to, so there is no greeting")
        })?;
        reply.give(Reply::of_create(greeting.clone()))
    }

    /// What is known about it now: one of `POLYAI_STATE_...`; 0 where the handle is wrong.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_conversation_state(conversation: Shared<Conversation>) -> polyai_state {
        Ok(state_number(conversation.get()?.conversation.state()))
    }
}

pub(crate) fn state_number(state: ConversationState) -> polyai_state {
    match state {
        ConversationState::Open => POLYAI_STATE_OPEN,
        ConversationState::InDoubt => POLYAI_STATE_IN_DOUBT,
        ConversationState::Ended => POLYAI_STATE_ENDED,
        ConversationState::Closed => POLYAI_STATE_CLOSED,
    }
}
