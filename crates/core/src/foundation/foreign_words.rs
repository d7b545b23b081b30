//! Words of others: what a service, a gateway or a proxy says may hold anything, what it was sent included. All of it goes
//! through here before it is shown.
//!
//! A text is looked at as several *views*: with its escapes undone, and as what it is where it is base64. Whatever a view has
//! in common with something confidential is hidden in the text itself, and only then is the text cut and escaped.

pub(crate) use super::readings::is_unseen;
use super::readings::{CUT, Reading, Unit, bytes_of, from_base64, plain, unescaped, units};
use super::secret::{REDACTED, WipedOnDrop};

/// The most that is shown of one foreign text.
pub(crate) const MOST_SHOWN_BYTES: usize = 1024;
/// The most that is shown of a name that somebody got wrong.
pub(crate) const MOST_NAME_BYTES: usize = 128;
/// So much of a text is looked at for each byte that may be shown, since escapes are longer than what they stand for.
const EXAMINED_PER_BYTE_SHOWN: usize = 4;
/// Texts are looked at in parts of this size, which overlap, so that a long one needs little memory.
const PART_BYTES: usize = 64 * 1024;
const OVERLAP_BYTES: usize = 4 * 1024;

/// A part of a secret of this length is hidden, and its beginning where a text says that it was cut. Shorter ones are words that
/// others use too.
const SECRET: ShortestMatch = ShortestMatch {
    part: 12,
    beginning: 5,
};
/// The same for the message of the customer.
const MESSAGE: ShortestMatch = ShortestMatch {
    part: 12,
    beginning: 6,
};

/// A beginning of this length is hidden at the end of a text that does not say that it was cut.
const BEGINNING_AT_THE_END: usize = 10;

/// A shorter message is hidden only where it is the whole text.
const SHORTEST_MESSAGE: usize = 6;
/// What is shorter than this may be found anywhere by chance, if only enough readings of a text are tried.
const SHORTEST_IN_BASE64: usize = 6;

const BUCKETS: usize = 1024;

#[derive(Clone, Copy)]
struct ShortestMatch {
    part: usize,
    beginning: usize,
}

/// What must not be shown.
#[derive(Default)]
pub(crate) struct Confidential {
    hidden: Vec<(WipedOnDrop<u8>, ShortestMatch)>,
    /// The message of the customer, where it is short.
    short: Option<WipedOnDrop<u8>>,
}

impl Confidential {
    /// Hides a key, a token or a password, and parts of it.
    pub(crate) fn hide_secret(&mut self, secret: &str) {
        self.hide(secret.as_bytes(), SECRET);
    }

    /// Hides the message of the customer, and parts of it.
    pub(crate) fn hide_message(&mut self, message: &str) {
        if message.chars().count() < SHORTEST_MESSAGE {
            self.short = Some(bytes_of(&plain(&unescaped(units(message.as_bytes())))));
        } else {
            self.hide(message.as_bytes(), MESSAGE);
        }
    }

    fn hide(&mut self, text: &[u8], shortest_match: ShortestMatch) {
        for (start, end) in parts(text.len()) {
            let part = text.get(start..end).unwrap_or_default();
            let folded = bytes_of(&plain(&unescaped(units(part))));
            let folded = folded.trim_ascii();
            if !folded.is_empty() {
                self.hidden
                    .push((folded.iter().copied().collect(), shortest_match));
            }
        }
    }

    /// A foreign text as it may be shown: at most [`MOST_SHOWN_BYTES`] on one line, without anything confidential.
    pub(crate) fn shown(&self, text: &[u8]) -> String {
        self.shown_within(text, MOST_SHOWN_BYTES)
    }

    /// As [`shown`](Self::shown), with a limit of its own.
    #[cold]
    #[inline(never)]
    pub(crate) fn shown_within(&self, text: &[u8], most: usize) -> String {
        let examined = text.get(..most * EXAMINED_PER_BYTE_SHOWN).unwrap_or(text);
        let mut hidden = self.found_in(examined);
        if examined.len() < text.len() {
            // What begins here cannot be recognised any more.
            hidden
                .truncate(most * EXAMINED_PER_BYTE_SHOWN - EXAMINED_PER_BYTE_SHOWN * MESSAGE.part);
        }
        written(text, &hidden, most)
    }

    /// A text of ours that has foreign words in it, which were cut and escaped already.
    pub(crate) fn redacted(&self, text: &str) -> String {
        match self.redacted_bytes(text.as_bytes()) {
            Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            None => text.to_owned(),
        }
    }

    /// Data without anything confidential, and otherwise as it is; `None` where nothing has to be hidden. Lines stay lines.
    #[cold]
    #[inline(never)]
    pub(crate) fn redacted_bytes(&self, data: &[u8]) -> Option<Vec<u8>> {
        let hidden = self.found_in(data);
        if !hidden.contains(&true) {
            return None;
        }
        let mut redacted = Vec::with_capacity(data.len());
        let mut was_hidden = false;
        for (byte, is_hidden) in data.iter().zip(hidden) {
            if *byte == b'\n' || !is_hidden {
                redacted.push(*byte);
            } else if !was_hidden {
                redacted.extend_from_slice(REDACTED.as_bytes());
            }
            was_hidden = is_hidden && *byte != b'\n';
        }
        Some(redacted)
    }

    /// For each byte of a text, whether it has to be hidden.
    #[cold]
    #[inline(never)]
    fn found_in(&self, text: &[u8]) -> Vec<bool> {
        let mut found = vec![false; text.len()];
        for (start, end) in parts(text.len()) {
            let part = text.get(start..end).unwrap_or_default();
            let found = found.get_mut(start..end).unwrap_or_default();
            let meant = unescaped(units(part));
            let views: Vec<Reading> = std::iter::once(plain(&meant))
                .chain((0..4).map(|phase| plain(&unescaped(from_base64(&meant, phase)))))
                .collect();
            for (index, view) in views.iter().enumerate() {
                for (hidden, shortest_match) in &self.hidden {
                    if index == 0 || hidden.len() >= SHORTEST_IN_BASE64 {
                        mark_parts(view, hidden, shortest_match.part, found);
                        mark_beginnings(view, hidden, *shortest_match, found);
                    }
                }
            }
            let is_short = |short: &WipedOnDrop<u8>| {
                let view = views.first().map(|view| bytes_of(view));
                let view = view.unwrap_or_default();
                !short.is_empty() && without_quotes(&view) == without_quotes(short)
            };
            if text.len() == part.len() && self.short.as_ref().is_some_and(is_short) {
                found.fill(true);
            }
        }
        found
    }
}

/// A foreign text on one line and no longer than that, for a caller that does not know what is confidential.
pub(crate) fn bounded(text: &[u8], most: usize) -> String {
    // No byte becomes less than one, so no character is cut within what is shown.
    written(text, &vec![false; text.len().min(most + 4)], most)
}

/// Writes a text without what is hidden, escapes what would disturb the line it stands in, and cuts it. What lies beyond
/// `hidden` is left out.
#[cold]
#[inline(never)]
fn written(text: &[u8], hidden: &[bool], most: usize) -> String {
    let kept = text.get(..hidden.len()).unwrap_or(text);
    let mut start = 0;
    let mut characters = Vec::new();
    for chunk in kept.utf8_chunks() {
        let valid = chunk.valid().char_indices();
        characters.extend(valid.map(|(offset, character)| (start + offset, character)));
        start += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            characters.push((start, char::REPLACEMENT_CHARACTER));
            start += chunk.invalid().len();
        }
    }
    let mut line = String::new();
    let mut piece = String::new();
    let mut was_hidden = false;
    let mut is_cut = kept.len() < text.len();
    for (start, character) in characters {
        let is_hidden = hidden.get(start).copied().unwrap_or_default();
        piece.clear();
        match (is_hidden, was_hidden) {
            (false, _) => escape(character, &mut piece),
            (true, false) => piece.push_str(REDACTED),
            (true, true) => {}
        }
        was_hidden = is_hidden;
        if line.len() + piece.len() + CUT.len() > most {
            is_cut = true;
            break;
        }
        line.push_str(&piece);
    }
    if is_cut {
        line.push_str(CUT);
    }
    line
}

/// What cannot be seen, or turns the direction of a line, does not stand in it.
fn escape(character: char, line: &mut String) {
    if is_unseen(character) {
        line.extend(character.escape_default());
    } else {
        line.push(character);
    }
}

/// Beginning and end of the parts in which something is looked at.
fn parts(length: usize) -> impl Iterator<Item = (usize, usize)> {
    let starts = (0..length.max(1)).step_by(PART_BYTES - OVERLAP_BYTES);
    starts
        .take_while(move |start| *start == 0 || start + OVERLAP_BYTES < length)
        .map(move |start| (start, length.min(start + PART_BYTES)))
}

/// Without the quotes and spaces around it.
fn without_quotes(text: &[u8]) -> &[u8] {
    let is_around = |byte: &u8| b" \"'`<>".contains(byte);
    let start = text.iter().position(|byte| !is_around(byte));
    let end = text.iter().rposition(|byte| !is_around(byte));
    match (start, end) {
        (Some(start), Some(end)) => text.get(start..=end).unwrap_or_default(),
        _ => b"",
    }
}

/// Marks every part of a text that is also one of `hidden`, as long as `shortest_match` or all of it.
#[cold]
#[inline(never)]
fn mark_parts(view: &[Unit], hidden: &[u8], shortest_match: usize, found: &mut [bool]) {
    let shortest_match = shortest_match.min(hidden.len());
    if shortest_match == 0 || view.len() < shortest_match {
        return;
    }
    // Positions whose parts have the same hash are a chain, which ends with 0. First come the buckets, then the positions.
    let mut links = vec![0_usize; BUCKETS];
    for part in view.windows(shortest_match) {
        let bucket = bucket_of(part.iter().map(|unit| unit.byte));
        let own = links.len();
        let next = links.get(bucket).copied().unwrap_or_default();
        links.push(next);
        set(&mut links, bucket, own);
    }
    for part in hidden.windows(shortest_match) {
        let mut link = bucket_of(part.iter().copied());
        while let Some(at) = links.get(link).copied().filter(|at| *at != 0) {
            let position = at - BUCKETS;
            let here = view
                .get(position..position + shortest_match)
                .unwrap_or_default();
            if here.iter().map(|unit| unit.byte).eq(part.iter().copied()) {
                mark(here, found);
                // Once is enough.
                let next = links.get(at).copied().unwrap_or_default();
                set(&mut links, link, next);
            } else {
                link = at;
            }
        }
    }
}

fn set(links: &mut [usize], at: usize, value: usize) {
    if let Some(link) = links.get_mut(at) {
        *link = value;
    }
}

fn bucket_of(part: impl Iterator<Item = u8>) -> usize {
    // FNV-1a.
    let hash = part.fold(0x811C_9DC5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash >> 16) as usize % BUCKETS
}

/// Marks the beginning of `hidden` wherever a text ends within it.
#[cold]
#[inline(never)]
fn mark_beginnings(
    view: &[Unit],
    hidden: &[u8],
    shortest_match: ShortestMatch,
    found: &mut [bool],
) {
    let bytes = bytes_of(view);
    for end in shortest_match.beginning..=bytes.len() {
        let (before, rest) = bytes.split_at(end);
        let shortest = match rest {
            [] => BEGINNING_AT_THE_END,
            rest if rest.starts_with(CUT.as_bytes()) || rest.starts_with(b"...") => {
                shortest_match.beginning
            }
            _ => continue,
        };
        let is_here = |length: &usize| {
            let beginning = hidden.get(..*length);
            beginning.is_some_and(|beginning| before.ends_with(beginning))
        };
        if let Some(length) = (shortest..shortest_match.part).rev().find(is_here) {
            mark(view.get(end - length..end).unwrap_or_default(), found);
        }
    }
}

fn mark(units: &[Unit], found: &mut [bool]) {
    let (Some(first), Some(last)) = (units.first(), units.last()) else {
        return;
    };
    if let Some(found) = found.get_mut(first.start as usize..last.end as usize) {
        found.fill(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    const KEY: &str = "canary-key-3f9a";
    const SENTENCE: &str = "Where is my order for Zoë, please?";

    fn confidential() -> Confidential {
        let mut confidential = Confidential::default();
        confidential.hide_secret(KEY);
        confidential.hide_secret("sam:canary-pass");
        confidential.hide_message(SENTENCE);
        confidential
    }

    fn shown(text: &str) -> String {
        confidential().shown(text.as_bytes())
    }

    #[test]
    fn words_stay_as_they_are() {
        for text in [
            "",
            "conversation not found",
            "message: \"x\" is 'wrong' at C:\\temp, 100% & more; na\u{ef}ve 日本語 e\u{301}",
            "Where is the file?",
            "canary birds",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn control_characters_in_a_line_are_escaped() {
        assert_eq!(
            shown("a\r\nb\u{1b}[31m\u{202e}c\u{200b}\0\u{2028}\u{feff}"),
            "a\\r\\nb\\u{1b}[31m\\u{202e}c\\u{200b}\\u{0}\\u{2028}\\u{feff}"
        );
        assert_eq!(confidential().shown(b"caf\xe9"), "caf\u{fffd}");
    }

    #[test]
    fn in_every_form_it_is_hidden() {
        let percent: String = SENTENCE
            .bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect();
        let numbers: String = SENTENCE
            .chars()
            .map(|character| format!("&#{};", u32::from(character)))
            .collect();
        let escapes: String = SENTENCE
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect();
        for form in [
            SENTENCE.to_owned(),
            SENTENCE.to_uppercase(),
            SENTENCE.replace(' ', "+"),
            SENTENCE.replace(' ', "%20").replace('ë', "%C3%AB"),
            SENTENCE.replace(' ', "%2520").replace('ë', "%25C3%25AB"),
            SENTENCE.replace(' ', "\n\t "),
            SENTENCE.replace('ë', "&#xEB;"),
            SENTENCE.replace(' ', "&nbsp;").replace('ë', "\\u00eb"),
            SENTENCE.replace('i', "i\u{200b}"),
            percent,
            numbers,
            escapes,
        ] {
            let text = format!("wrong: <{form}> (x)");
            assert_eq!(shown(&text), "wrong: <[redacted]> (x)", "{text}");
        }
        let latin1: Vec<u8> = SENTENCE
            .chars()
            .map(|character| u8::try_from(u32::from(character)).unwrap())
            .collect();
        assert_eq!(confidential().shown(&latin1), REDACTED);
        let utf16: Vec<u8> = SENTENCE.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(confidential().shown(&utf16), "[redacted]\\u{0}");
    }

    #[test]
    fn in_base64_it_is_hidden_wherever_it_begins() {
        for before in ["", "x", "xy", "xyz"] {
            for text in [SENTENCE, KEY, "sam:canary-pass"] {
                let text = format!("{before}{text}");
                for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                    let shown = shown(&format!("Basic {encoded}."));
                    assert!(shown.contains(REDACTED), "{encoded}: {shown}");
                    let left = shown.strip_prefix("Basic ").unwrap().replace(REDACTED, "");
                    assert!(left.len() <= 8, "{encoded}: {shown}");
                }
            }
        }
        let escaped = STANDARD.encode(SENTENCE).replace('=', "%3D");
        assert_eq!(shown(&format!("a {escaped}")), format!("a {REDACTED}%3D"));
    }

    #[test]
    fn a_part_is_hidden_too_and_so_is_a_beginning_that_was_cut() {
        for (text, expected) in [
            ("key canary-key-", "key [redacted]"),
            ("got canar…", "got [redacted]…"),
            ("got canar", "got canar"),
            ("got canary-key", "got [redacted]"),
            ("got 'Where i...'", "got '[redacted]...'"),
            ("'Where is my or…Zoë, please?'", "'[redacted]…[redacted]'"),
            ("c2FtOmNhbmFyeS1w", "[redacted]"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        for filler in (0..=2200).step_by(7) {
            let text = format!("{}{KEY}{}", "x".repeat(filler), "y ".repeat(5000));
            let shown = shown(&text);
            assert!(!shown.contains("canary") && shown.len() <= MOST_SHOWN_BYTES);
        }
    }

    #[test]
    fn a_short_sentence_is_hidden_only_where_it_is_all_there_is() {
        let mut confidential = Confidential::default();
        confidential.hide_message("Yes");
        for (text, expected) in [
            ("yes", REDACTED),
            ("\"YES\"", REDACTED),
            ("yes or no", "yes or no"),
            ("", ""),
        ] {
            assert_eq!(confidential.shown(text.as_bytes()), expected);
        }
        let mut none = Confidential::default();
        none.hide_message("");
        none.hide_secret("");
        assert_eq!(none.shown(b" words "), " words ");
    }

    #[test]
    fn long_texts_are_cut_and_data_is_not() {
        let text = "é".repeat(100_000);
        let line = shown(&text);
        assert!(
            line.len() <= MOST_SHOWN_BYTES && line.ends_with("é…"),
            "{line}"
        );
        assert!(bounded(text.as_bytes(), 200).len() <= 200);
        assert_eq!(bounded(b"\x1b", 200), "\\u{1b}");
        let data = format!("{text}\n{KEY}\n{text}");
        let redacted = confidential().redacted(&data);
        assert_eq!(redacted, data.replace(KEY, REDACTED));
        assert!(confidential().redacted_bytes(text.as_bytes()).is_none());
    }

    #[test]
    fn a_long_sentence_costs_little() {
        let mut confidential = Confidential::default();
        let message = "a".repeat(600_000) + "the end of it";
        confidential.hide_message(&message);
        let shown = confidential.shown(format!("{}, the end of it", "a".repeat(3000)).as_bytes());
        assert_eq!(shown, "[redacted], [redacted]");
    }
}
