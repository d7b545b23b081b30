//! The envelope in which the service reports errors; any of its fields may be missing.

use crate::model::Object;

/// What an error answer says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) error_code: Option<String>,
    pub(crate) message: Option<String>,
}

impl Envelope {
    /// `None` where the body is not a JSON object, as when a gateway answers in place of the service.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        // A message in another encoding is none the worse for its code.
        let fields = Object::read(&String::from_utf8_lossy(body))?;
        let text = |name: &str| fields.text(name).filter(|text| !text.is_empty());
        Some(Self {
            error_code: text("error_code"),
            message: text("error_message")
                .or_else(|| text("error"))
                .or_else(|| text("message")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_field_may_be_missing_or_of_another_type() {
        for (body, code, message) in [
            (
                r#"{"error_code": "A", "error_message": "m", "error": "e"}"#,
                Some("A"),
                Some("m"),
            ),
            (r#"{"error": "e", "error_message": ""}"#, None, Some("e")),
            (r#"{"error_code": 7, "error": {"a": 1}}"#, None, None),
            ("{}", None, None),
        ] {
            let envelope = Envelope::read(body.as_bytes()).unwrap();
            assert_eq!(
                (envelope.error_code.as_deref(), envelope.message.as_deref()),
                (code, message),
                "{body}"
            );
        }
        for body in ["", "[]", "<html>", "\"text\""] {
            assert_eq!(Envelope::read(body.as_bytes()), None, "{body}");
        }
    }
}
