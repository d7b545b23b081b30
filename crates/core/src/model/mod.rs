//! What is said, as values: operations, replies, errors, and where the service is.

mod attempt;
mod breaker_state;
mod delivery;
mod dialect;
mod endpoint;
mod error;
mod error_kind;
mod headers;
mod json;
mod operation;
mod phase;
mod plain_text;
mod reply;

pub use attempt::Attempt;
pub use breaker_state::BreakerState;
pub use delivery::Delivery;
pub(crate) use delivery::Repeat;
pub use dialect::Dialect;
pub(crate) use endpoint::{BaseUrl, StudioUrl, check_id, literal_address};
pub use endpoint::{REGIONS, Region};
pub use error::Error;
pub use error_kind::ErrorKind;
pub(crate) use headers::Headers;
pub use json::json_fields;
pub(crate) use json::{
    Object, Unreadable, is_json, parse, parse_with, value_of, without_byte_order_mark,
};
pub use operation::Operation;
pub use phase::Phase;
pub use plain_text::plain_text;
pub(crate) use reply::{Answer, CORRELATION_HEADER};
pub use reply::{Closed, Greeting, Handoff, Reply};
