//! Lists: where they stand, and the numbers of their items.

/// A list being read.
#[derive(Default)]
pub(super) struct List {
    pub(super) is_numbered: bool,
    /// How many quotes are around it.
    pub(super) quotes: usize,
    pub(super) has_items: bool,
    /// Whether an empty line is between its items.
    pub(super) is_loose: bool,
    /// The number of its first item, and the last one that was given.
    pub(super) numbers: Option<(u64, u64)>,
}

impl List {
    /// The number of an item as it is written. Where all are the same, as Markdown allows, they are counted.
    pub(super) fn number(&mut self, item: &str) -> String {
        let end = item.find(|it: char| !it.is_ascii_digit());
        let (digits, rest) = item.split_at(end.unwrap_or(item.len()));
        let delimiter = if rest.starts_with(')') { ')' } else { '.' };
        let written = digits.parse().unwrap_or(0);
        match self.numbers {
            Some((first, last)) if written == first => {
                self.numbers = Some((first, last + 1));
                format!("{}{delimiter}", last + 1)
            }
            Some((first, _)) => {
                self.numbers = Some((first, written));
                format!("{digits}{delimiter}")
            }
            None => {
                self.numbers = Some((written, written));
                format!("{digits}{delimiter}")
            }
        }
    }
}

/// A list stands below what is before it as it does in the source: on the next line, or with an empty line between.
pub(super) fn breaks_before(source: &str, place: usize) -> usize {
    let before = source.get(..place).unwrap_or_default();
    let gap = before
        .bytes()
        .rev()
        .take_while(|it| b" \t\r\n>".contains(it));
    gap.filter(|it| *it == b'\n').take(2).count().max(1)
}
