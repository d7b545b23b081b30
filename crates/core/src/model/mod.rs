//! What is said, as values: operations, replies, errors, and where the service is.

mod endpoint;
mod error;
mod headers;
mod json;
mod operation;
mod reply;

pub(crate) use endpoint::{BaseUrl, StudioUrl, check_id, literal_address};
pub use endpoint::{REGIONS, Region};
pub(crate) use error::Repeat;
pub use error::{Attempt, Delivery, Error, ErrorKind, Phase};
pub(crate) use headers::Headers;
pub(crate) use json::{Unreadable, parse, parse_with};
pub use operation::Operation;
pub(crate) use reply::{Answer, CORRELATION_HEADER};
pub use reply::{Closed, Greeting, Handoff, Reply};
