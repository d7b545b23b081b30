//! What differs between systems at the C boundary, one subject a file.

pub(crate) mod cancellation;
