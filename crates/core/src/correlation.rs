//! Correlation ids: made here, before anything is sent, so that a timeout shows one too.

use crate::error::{Error, ErrorKind};

/// A UUID v4 as text.
pub(crate) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Takes the caller's own id if it can stand in a header.
pub(crate) fn checked(id: &str) -> Result<String, Error> {
    let printable =
        !id.is_empty() && id.len() <= 200 && id.bytes().all(|byte| byte.is_ascii_graphic());
    if printable {
        Ok(id.to_owned())
    } else {
        Err(Error::new(
            ErrorKind::InvalidArgument,
            "correlation_id must be 1 to 200 printable ASCII characters without spaces, such as a UUID",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_break_a_header_is_refused() {
        for id in ["", "a b", "a\r\nX: y", "é", &"x".repeat(201)] {
            assert!(checked(id).is_err(), "{id:?}");
        }
        assert_eq!(checked("call-17").unwrap(), "call-17");
        assert_eq!(new_id().len(), 36);
    }
}
