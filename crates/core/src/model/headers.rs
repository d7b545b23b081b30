//! The headers of an answer, in one piece of memory: they are rarely asked for, and then for one or two.

use std::fmt;

/// What the headers of an answer seldom exceed.
const USUAL_BYTES: usize = 512;

/// Lines of `name:value`, names in lower case, in the order in which they came. No name has a colon in it, and no value the
/// end of a line.
#[derive(Clone, Default)]
pub(crate) struct Headers(Vec<u8>);

impl Headers {
    pub(crate) fn new<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut lines = Vec::with_capacity(USUAL_BYTES);
        for (name, value) in headers {
            let beginning = lines.len();
            lines.extend_from_slice(name.as_bytes());
            lines
                .get_mut(beginning..)
                .unwrap_or_default()
                .make_ascii_lowercase();
            lines.push(b':');
            lines.extend_from_slice(value);
            lines.push(b'\n');
        }
        Self(lines)
    }

    /// These headers, or what is made of their lines where that is another thing.
    pub(crate) fn changed_by(&self, change: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Self {
        change(&self.0).map_or_else(|| self.clone(), Self)
    }

    /// Gives back the memory that is not needed.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.0.split(|byte| *byte == b'\n').filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
            Some((std::str::from_utf8(name).ok()?, value))
        })
    }

    /// The first of this name, in any case.
    pub(crate) fn get(&self, wanted: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    }

    /// The first of this name, in any case, where it is text that can be shown.
    pub(crate) fn text(&self, wanted: &str) -> Option<&str> {
        let is_text = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
        let value = self.get(wanted)?;
        std::str::from_utf8(value)
            .ok()
            .filter(|_| value.iter().all(is_text))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self
            .iter()
            .map(|(name, value)| (name, String::from_utf8_lossy(value)));
        formatter.debug_map().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> Headers {
        let sent: [(&str, &[u8]); 4] = [
            ("Content-Type", b"application/json"),
            ("X-Words", b"caf\xc3\xa9"),
            ("Set-Cookie", b"a=1:2"),
            ("set-cookie", b""),
        ];
        Headers::new(sent.into_iter())
    }

    #[test]
    fn headers_are_found_by_name_in_any_case() {
        let headers = headers();
        assert_eq!(headers.get("CONTENT-type"), Some(&b"application/json"[..]));
        assert_eq!(headers.text("content-type"), Some("application/json"));
        assert_eq!(headers.get("Set-Cookie"), Some(&b"a=1:2"[..]));
        assert_eq!(headers.get("content"), None);
    }

    #[test]
    fn a_value_that_is_no_plain_text_is_only_bytes() {
        assert_eq!(headers().get("x-words"), Some(&b"caf\xc3\xa9"[..]));
        assert_eq!(headers().text("x-words"), None);
    }

    #[test]
    fn headers_come_in_their_order_with_lower_case_names() {
        let headers = headers();
        let names: Vec<&str> = headers.iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            ["content-type", "x-words", "set-cookie", "set-cookie"]
        );
        assert_eq!(headers.iter().last(), Some(("set-cookie", &b""[..])));
        assert_eq!(Headers::default().iter().count(), 0);
    }
}
