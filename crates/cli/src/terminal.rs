//! Words for a person: styles, and text that cannot take the terminal over.

use anstyle::{AnsiColor, Style};
use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

pub(crate) const AGENT: Style = AnsiColor::Cyan.on_default().bold();
pub(crate) const YOU: Style = AnsiColor::Green.on_default().bold();
pub(crate) const NOTE: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// What has to be said wherever the simulator is used.
pub(crate) const SIMULATOR_NOTICE: &str = "simulator, no PolyAI service contacted";

/// Says what went wrong. Whether anybody reads it cannot be helped.
pub(crate) fn complain(problem: &str) {
    let _ = writeln!(
        anstream::stderr(),
        "{BAD}polyai-chat:{BAD:#} {}",
        printable(problem)
    );
}

/// Says something that is not part of the output.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(anstream::stderr(), "{NOTE}{}{NOTE:#}", printable(text));
}

/// Whether somebody types at the other end.
pub(crate) fn input_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether somebody looks at what is printed.
pub(crate) fn output_is_terminal() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// A text without the control characters by which it could move the cursor, change the title or worse. The words come
/// from elsewhere.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let harmless = |character: char| !character.is_control() || matches!(character, '\n' | '\t');
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let shown = text
        .replace("\r\n", "\n")
        .chars()
        .map(|character| {
            if harmless(character) {
                character
            } else {
                '\u{fffd}'
            }
        })
        .collect();
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_take_the_terminal_over() {
        assert_eq!(printable("two\nlines\tand é"), "two\nlines\tand é");
        assert_eq!(printable("a\r\nb"), "a\nb");
        assert_eq!(printable("\u{1b}]0;title\u{7}"), "\u{fffd}]0;title\u{fffd}");
        assert_eq!(printable("\u{9b}2J"), "\u{fffd}2J");
    }
}
