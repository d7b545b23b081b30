//! Addresses of links, and addresses that stand in the text as they are.

/// The address of a link as it is shown behind the link's words: without the scheme of mail addresses and telephone numbers. `None`
/// for a place on the same page, which a reader of plain text cannot go to.
pub(super) fn shown(destination: &str) -> Option<&str> {
    let address = ["mailto:", "tel:", "sms:"]
        .iter()
        .find_map(|scheme| without_prefix(destination, scheme))
        .unwrap_or(destination)
        .trim();
    (!address.is_empty() && !address.starts_with('#')).then_some(address)
}

/// Whether the words of a link say its address already.
pub(super) fn says(words: &str, address: &str) -> bool {
    let (words, address) = (bare(words), bare(address));
    words.eq_ignore_ascii_case(address) || is_same_number(words, address)
}

fn bare(address: &str) -> &str {
    let address = address.trim();
    let address = ["https://", "http://"]
        .iter()
        .find_map(|scheme| without_prefix(address, scheme))
        .unwrap_or(address);
    address.strip_suffix('/').unwrap_or(address)
}

fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Telephone numbers are written with different blanks, hyphens and brackets.
fn is_same_number(left: &str, right: &str) -> bool {
    let is_mark = |it: char| it.is_whitespace() || "-.()/".contains(it);
    let is_number = |text: &str| {
        text.contains(|it: char| it.is_ascii_digit())
            && text
                .chars()
                .all(|it| it.is_ascii_digit() || "+*#".contains(it) || is_mark(it))
    };
    let significant = |text: &str| text.replace(is_mark, "");
    is_number(left) && is_number(right) && significant(left) == significant(right)
}

/// Walks through the text beside the parser, and knows whether a place is inside an address that stands there as it is.
#[derive(Default)]
pub(super) struct Walk {
    passed: usize,
    is_in_address: bool,
}

impl Walk {
    /// Whether `place` is inside an address. Places come in their order.
    pub(super) fn is_in_address(&mut self, text: &str, place: usize) -> bool {
        let passed = text.get(self.passed..place).unwrap_or_default();
        let ends_address = |it: char| it.is_whitespace() || !it.is_ascii() || "<>\"".contains(it);
        match passed.rfind(ends_address) {
            Some(end) => {
                let rest = passed.get(end..).unwrap_or_default();
                self.is_in_address = rest.contains("://");
            }
            None => self.is_in_address |= passed.contains("://"),
        }
        self.passed = self.passed.max(place);
        self.is_in_address
    }

    /// Behind a link a new word begins.
    pub(super) fn passes_link(&mut self, end: usize) {
        self.passed = self.passed.max(end);
        self.is_in_address = false;
    }
}
