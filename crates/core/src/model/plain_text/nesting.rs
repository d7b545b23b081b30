//! How deep quotes and lists may be in each other. The parser looks at all that are open at each line, so depth costs time.

use std::borrow::Cow;

/// Marks of quotes and lists count up to here in a line; what stands behind is words. Deeper than a reader follows.
const MOST_MARKED: usize = 100;
/// Neither a blank nor a mark for the parser, and never written.
const WORD: &str = "\u{1}";

const END_OF_LINE: [char; 2] = ['\n', '\r'];

/// The text with its depth bounded.
pub(super) fn bounded(text: &str) -> Cow<'_, str> {
    if !text.split(END_OF_LINE).any(is_too_deep) {
        return Cow::Borrowed(text);
    }
    let mut bounded = String::with_capacity(text.len() + text.len() / MOST_MARKED);
    for line in text.split_inclusive(END_OF_LINE) {
        match line.split_at_checked(MOST_MARKED) {
            Some((marks, words)) if is_too_deep(line) => bounded.extend([marks, WORD, words]),
            _ => bounded.push_str(line),
        }
    }
    Cow::Owned(bounded)
}

/// Whether a line is all marks and blanks up to the limit.
fn is_too_deep(line: &str) -> bool {
    let Some((start, _)) = line.split_at_checked(MOST_MARKED) else {
        return false;
    };
    let is_mark = |it: u8| b" \t>-*+.)".contains(&it) || it.is_ascii_digit();
    start.bytes().all(is_mark) && start.contains([' ', '\t', '>'])
}
