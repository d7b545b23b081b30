//! HTTP/1.1 as bytes.

pub(crate) mod body;
pub(crate) mod head;
pub(crate) mod reply;
pub(crate) mod stream;
