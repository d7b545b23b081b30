//! What the service answered.

use crate::arguments::{Handle, give_header, lend, text};
use crate::boundary::plain;
use crate::handle::{Kind, Object};
use crate::text::{LazyHeaders, LazyText, OwnedText};
use polyai_chat_core::{Closed, Greeting, Handoff, Map, Value};
use std::ffi::c_char;
use std::time::Duration;

/// What the agent answered.
pub struct polyai_reply {
    answer: Answer,
    response: Option<OwnedText>,
    plain_text: LazyText,
    conversation_id: LazyText,
    user_id: LazyText,
    handoff_destination: LazyText,
    handoff_reason: LazyText,
    handoff_json: LazyText,
    raw_json: LazyText,
    unknown_fields: LazyText,
    correlation_id: LazyText,
    json: LazyText,
    headers: LazyHeaders,
}

enum Answer {
    Create(Greeting),
    Respond(polyai_chat_core::Reply),
    Close(Closed),
}

impl Object for polyai_reply {
    const KIND: Kind = Kind::Reply;
}

/// Asks the same of whatever was answered.
macro_rules! ask {
    ($reply:expr, $answer:ident => $question:expr) => {
        match &$reply.answer {
            Answer::Create($answer) => $question,
            Answer::Respond($answer) => $question,
            Answer::Close($answer) => $question,
        }
    };
}

impl polyai_reply {
    pub(crate) fn of_create(greeting: Greeting) -> Self {
        let response = OwnedText::new(greeting.response());
        Self::new(Answer::Create(greeting), Some(response))
    }

    pub(crate) fn of_turn(reply: polyai_chat_core::Reply) -> Self {
        let response = OwnedText::new(reply.response());
        Self::new(Answer::Respond(reply), Some(response))
    }

    pub(crate) fn of_close(closed: Closed) -> Self {
        Self::new(Answer::Close(closed), None)
    }

    fn new(answer: Answer, response: Option<OwnedText>) -> Self {
        Self {
            answer,
            response,
            plain_text: LazyText::default(),
            conversation_id: LazyText::default(),
            user_id: LazyText::default(),
            handoff_destination: LazyText::default(),
            handoff_reason: LazyText::default(),
            handoff_json: LazyText::default(),
            raw_json: LazyText::default(),
            unknown_fields: LazyText::default(),
            correlation_id: LazyText::default(),
            json: LazyText::default(),
            headers: LazyHeaders::default(),
        }
    }

    fn plain_text(&self) -> Option<String> {
        match &self.answer {
            Answer::Create(greeting) => Some(greeting.plain_text()),
            Answer::Respond(reply) => Some(reply.plain_text()),
            Answer::Close(_) => None,
        }
    }

    fn conversation_id(&self) -> Option<&str> {
        match &self.answer {
            Answer::Create(greeting) => Some(greeting.conversation_id()),
            Answer::Respond(reply) => Some(reply.conversation_id()),
            Answer::Close(_) => None,
        }
    }

    fn handoff(&self) -> Option<&Handoff> {
        match &self.answer {
            Answer::Respond(reply) => reply.handoff(),
            Answer::Create(_) | Answer::Close(_) => None,
        }
    }

    fn unknown_fields(&self) -> Map<String, Value> {
        ask!(self, answer => answer.unknown_fields())
    }

    fn elapsed(&self) -> Duration {
        ask!(self, answer => answer.elapsed())
    }

    fn headers(&self) -> &[(OwnedText, OwnedText)] {
        ask!(self, answer => self.headers.get(answer.headers()))
    }
}

/// Frees a reply, and with it all texts that came from it.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_reply_free(reply: *mut polyai_reply) {
    plain(|| reply.free("reply"));
}

/// The agent's words; NULL for the answer to a close.
///
/// They may hold a NUL where the service's JSON did: `length` tells then.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_response(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| Ok(lend(reply.get("reply")?.response.as_ref(), length)))
}

/// The agent's words without Markdown, for an SMS, an e-mail, a voice; NULL for the answer to a close. Made when it is first asked for.
///
/// Marks of headings, emphasis, code and quotes go, their words stay. A link is `words (address)`, an image its alternative text. Lists
/// keep `-` or their numbers. A row of a table is a line, each cell behind the name of its column. HTML tags go, entities are decoded.
/// What only looks like Markdown stays, and so does a text of more than 256 KiB. Control characters but line breaks and tabs go.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_plain_text(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        Ok(lend(reply.plain_text.get(|| reply.plain_text()), length))
    })
}

/// Whether the conversation is over: the agent has ended it, or it was closed.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_reply_end_conversation(reply: *const polyai_reply) -> bool {
    plain(|| {
        Ok(match &reply.get("reply")?.answer {
            Answer::Create(_) => false,
            Answer::Respond(reply) => reply.end_conversation(),
            Answer::Close(_) => true,
        })
    })
}

/// Whether the agent wants the customer to go on elsewhere. That ends the conversation only together with
/// `polyai_reply_end_conversation`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_reply_has_handoff(reply: *const polyai_reply) -> bool {
    plain(|| Ok(reply.get("reply")?.handoff().is_some()))
}

/// Where the customer goes on; NULL without a handoff, or where the service does not say it as text.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_handoff_destination(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        let destination = || reply.handoff().and_then(Handoff::destination);
        Ok(lend(reply.handoff_destination.get(destination), length))
    })
}

/// Why the customer goes on elsewhere; NULL without a handoff, or where the service does not say it as text.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_handoff_reason(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        let reason = || reply.handoff().and_then(Handoff::reason);
        Ok(lend(reply.handoff_reason.get(reason), length))
    })
}

/// The handoff as JSON, whatever its shape: contact-centre products have fields of their own in it. NULL without one.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_handoff_json(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        let json = || reply.handoff().map(|handoff| handoff.raw().to_string());
        Ok(lend(reply.handoff_json.get(json), length))
    })
}

/// Of the answer to a close: whether the service said that the conversation was over already, or is not there any more.
/// False for other replies.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_reply_was_over(reply: *const polyai_reply) -> bool {
    plain(|| {
        Ok(match &reply.get("reply")?.answer {
            Answer::Close(closed) => closed.was_over(),
            Answer::Create(_) | Answer::Respond(_) => false,
        })
    })
}

/// The conversation it belongs to; NULL for the answer to a close.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_conversation_id(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        Ok(lend(
            reply.conversation_id.get(|| reply.conversation_id()),
            length,
        ))
    })
}

/// Of a greeting in the legacy dialect: the user id that was sent. Else NULL.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_user_id(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        let user_id = || match &reply.answer {
            Answer::Create(greeting) => greeting.user_id(),
            Answer::Respond(_) | Answer::Close(_) => None,
        };
        Ok(lend(reply.user_id.get(user_id), length))
    })
}

/// The JSON as it was received.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_raw_json(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        Ok(lend(
            reply
                .raw_json
                .get(|| Some(ask!(reply, answer => answer.raw()))),
            length,
        ))
    })
}

/// The fields that this library has no name for, as a JSON object.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_unknown_fields_json(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        let json = || Some(Value::Object(reply.unknown_fields()).to_string());
        Ok(lend(reply.unknown_fields.get(json), length))
    })
}

/// A header of the response, by its name in any case: the first of that name, with the bytes that came. NULL where there is
/// none.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// Any bytes, not only UTF-8: result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_header(
    reply: *const polyai_reply,
    name: *const c_char,
    name_length: usize,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        let name = text(name, name_length, "name")?;
        let header = ask!(reply, answer => reply.headers.find(answer.headers(), name));
        Ok(lend(header, length))
    })
}

/// How many headers the response has.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_reply_header_count(reply: *const polyai_reply) -> usize {
    plain(|| Ok(reply.get("reply")?.headers().len()))
}

/// One header of the response, counted from 0: its name in lower case, and its value with the bytes that came. False where
/// there is none with that number, and then nothing is written.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
/// Any bytes, not only UTF-8: *value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_header_at(
    reply: *const polyai_reply,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
    value_length: *mut usize,
) -> bool {
    plain(|| {
        Ok(give_header(
            reply.get("reply")?.headers().get(index),
            name,
            value,
            value_length,
        ))
    })
}

/// The id that the service's support asks for.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_correlation_id(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        let id = || Some(ask!(reply, answer => answer.correlation_id()));
        Ok(lend(reply.correlation_id.get(id), length))
    })
}

/// What was answered: `create`, `respond` or `close`; NULL where the handle is wrong.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_reply_operation(reply: *const polyai_reply) -> *const c_char {
    plain(|| {
        let operation = match &reply.get("reply")?.answer {
            Answer::Create(_) => c"create",
            Answer::Respond(_) => c"respond",
            Answer::Close(_) => c"close",
        };
        Ok(operation.as_ptr())
    })
}

/// All of it as one JSON object: `operation`, `raw_json`, `unknown_fields`, `correlation_id`, `elapsed_us` and `headers`; of a
/// greeting and of a reply also `response` and `conversation_id`; of a greeting `user_id`, of a reply `end_conversation` and
/// `handoff` (null, or an object with `destination`, `reason` and `raw`), of the answer to a close `was_over`. What is absent is
/// null. `headers` as in `polyai_error_json`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_reply_json(
    reply: *const polyai_reply,
    length: *mut usize,
) -> *const c_char {
    plain(|| {
        let reply = reply.get("reply")?;
        let json = || Some(ask!(reply, answer => answer.json_text()));
        Ok(lend(reply.json.get(json), length))
    })
}

/// How long the call took, in microseconds, with everything it waited for.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_reply_elapsed_us(reply: *const polyai_reply) -> u64 {
    plain(|| Ok(u64::try_from(reply.get("reply")?.elapsed().as_micros()).unwrap_or(u64::MAX)))
}
