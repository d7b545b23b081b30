//! The two published dialects of the service: struct to JSON and back, nothing else.

mod current;
mod dialect;
mod envelope;
mod fields;
mod legacy;

pub(crate) use dialect::{CONVERSATION_ID, is_conversation_id, read_close, read_create};
pub(crate) use envelope::Envelope;
pub(crate) use fields::message_of;
