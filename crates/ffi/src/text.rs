//! Texts that C reads: with a NUL behind them, and where they are for as long as their owner lives.

use once_cell::race::OnceBox;
use std::ffi::c_char;

/// A text with a NUL behind it. It may hold other NULs: JSON can.
pub(crate) struct OwnedText(Box<[u8]>);

impl OwnedText {
    pub(crate) fn new(text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text);
        bytes.push(0);
        Self(bytes.into_boxed_slice())
    }

    pub(crate) fn length(&self) -> usize {
        self.0.len() - 1
    }

    pub(crate) fn as_pointer(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    pub(crate) fn is(&self, text: &[u8]) -> bool {
        self.0.get(..self.length()) == Some(text)
    }
}

/// A text that is made when it is first asked for, by any thread and without a lock.
#[derive(Default)]
pub(crate) struct LazyText(OnceBox<Option<OwnedText>>);

impl LazyText {
    pub(crate) fn get<T: AsRef<[u8]>>(
        &self,
        make: impl FnOnce() -> Option<T>,
    ) -> Option<&OwnedText> {
        self.0
            .get_or_init(|| Box::new(make().map(OwnedText::new)))
            .as_ref()
    }
}

/// The headers of an answer, made when they are first asked for. Values are as they came.
#[derive(Default)]
pub(crate) struct LazyHeaders(OnceBox<Vec<(OwnedText, OwnedText)>>);

impl LazyHeaders {
    pub(crate) fn get<'a>(
        &self,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> &[(OwnedText, OwnedText)] {
        self.0.get_or_init(|| {
            Box::new(
                headers
                    .map(|(name, value)| (OwnedText::new(name), OwnedText::new(value)))
                    .collect(),
            )
        })
    }

    /// The first header of this name, in any case.
    pub(crate) fn find<'a>(
        &self,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
        name: &str,
    ) -> Option<&OwnedText> {
        let name = name.to_ascii_lowercase();
        self.get(headers)
            .iter()
            .find(|(known, _)| known.is(name.as_bytes()))
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_with_a_nul_that_does_not_count() {
        let text = OwnedText::new("a\0b");
        assert_eq!(text.length(), 3);
        assert_eq!(&*text.0, b"a\0b\0");
        assert!(text.is(b"a\0b") && !text.is(b"a"));
    }

    #[test]
    fn a_lazy_text_is_made_once_and_may_be_absent() {
        let text = LazyText::default();
        let first = text.get(|| Some("a")).map(OwnedText::as_pointer);
        assert_eq!(text.get(|| Some("b")).map(OwnedText::as_pointer), first);
        assert!(LazyText::default().get(|| None::<&str>).is_none());
    }

    #[test]
    fn a_header_is_found_in_any_case_with_the_bytes_that_came() {
        let headers: [(&str, &[u8]); 3] = [("x-a", b"1"), ("x-b", b"\xff"), ("x-a", b"2")];
        let lazy = LazyHeaders::default();
        let find = |name| lazy.find(headers.into_iter(), name);
        assert!(find("X-A").is_some_and(|value| value.is(b"1")));
        assert!(find("x-B").is_some_and(|value| value.is(b"\xff")));
        assert!(find("x-c").is_none());
    }
}
