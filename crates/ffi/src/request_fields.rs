//! The fields of a request that have no function of their own, by the names of the service. The manifest lists them.

use polyai_chat_core::Operation;

/// A field of a request, and the operations that have it.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) is_json: bool,
    pub(crate) operations: &'static [Operation],
}

const fn field(name: &'static str, is_json: bool, operations: &'static [Operation]) -> Field {
    Field {
        name,
        is_json,
        operations,
    }
}

const CREATE: &[Operation] = &[Operation::Create];
const TALK: &[Operation] = &[Operation::Create, Operation::Respond];
const ALL: &[Operation] = &[Operation::Create, Operation::Respond, Operation::Close];

pub(crate) const FIELDS: &[Field] = &[
    field("integration_attributes", true, TALK),
    field("variant_id", false, CREATE),
    field("channel", false, CREATE),
    field("asr_lang_code", false, TALK),
    field("tts_lang_code", false, TALK),
    field("user_id", false, CREATE),
    field("message", false, CREATE),
    field("metadata", true, TALK),
    field("correlation_id", false, ALL),
    field("extra", true, ALL),
];
