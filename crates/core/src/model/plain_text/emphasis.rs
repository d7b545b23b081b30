//! Emphasis that Markdown's rules miss, since they know words between blanks and Chinese and Japanese have none; and what they take for
//! emphasis, though it is none.

use std::borrow::Cow;
use std::ops::Range;

/// Neither a blank nor punctuation for the parser, and never written.
const WORD: char = '\u{1}';

/// The text with its marks of strong emphasis made so that the parser takes them: those behind the punctuation that ends what is
/// emphasized (`**Note:**text`), and those before brackets and quotation marks where words are not separated.
pub(super) fn with_marks_known(text: &str) -> Cow<'_, str> {
    let mut known = String::new();
    let mut copied = 0;
    for (place, mark) in text.match_indices("**") {
        let (before, after) = (text.get(..place), text.get(place + mark.len()..));
        let before = before.and_then(|it| it.chars().next_back());
        let after = after.and_then(|it| it.chars().next());
        let (Some(before), Some(after)) = (before, after) else {
            continue;
        };
        let at = if ends_words(before) && after.is_alphanumeric() {
            place
        } else if !before.is_ascii() && before.is_alphanumeric() && begins_words(after) {
            place + mark.len()
        } else {
            continue;
        };
        known.push_str(text.get(copied..at).unwrap_or_default());
        known.push(WORD);
        copied = at;
    }
    match copied {
        0 => Cow::Borrowed(text),
        _ => {
            known.push_str(text.get(copied..).unwrap_or_default());
            Cow::Owned(known)
        }
    }
}

fn ends_words(character: char) -> bool {
    ".,:;!?)]}%’”»…。，：；！？、）」』】》〉".contains(character)
}

fn begins_words(character: char) -> bool {
    "\"'([{‘“„«（「『【《〈".contains(character)
}

/// Whether the marks around `inside` are signs of something else: of a product, or a code to dial. They stand between digits, or within a
/// word.
pub(super) fn are_signs(text: &str, marked: &Range<usize>, inside: &Range<usize>) -> bool {
    let first = |from: usize| text.get(from..).and_then(|it| it.chars().next());
    let last = |to: usize| text.get(..to).and_then(|it| it.chars().next_back());
    let (before, start) = (last(marked.start), first(inside.start));
    let (end, after) = (last(inside.end), first(marked.end));
    let are_digits = |left: Option<char>, right: Option<char>| {
        let is_digit = |it: char| it.is_ascii_digit();
        left.is_some_and(is_digit) && right.is_some_and(is_digit)
    };
    let is_letter = |it: char| it.is_ascii_alphanumeric();
    are_digits(before, start)
        || are_digits(end, after)
        || before.is_some_and(is_letter) && after.is_some_and(is_letter)
}
