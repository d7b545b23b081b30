//! How a committed file differs from a generated one, for a person.

const CONTEXT: usize = 3;
const MOST_LINES: usize = 20;

/// The lines from the first difference to the last, of which only the first are shown; nothing when there is none.
pub(crate) fn difference(path: &str, committed: &str, generated: &str) -> String {
    if committed == generated {
        return String::new();
    }
    let (mut old, mut new): (Vec<&str>, Vec<&str>) =
        (committed.lines().collect(), generated.lines().collect());
    while old.last().is_some() && old.last() == new.last() {
        old.pop();
        new.pop();
    }
    let same = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let context = same.min(CONTEXT);
    let mut text = format!(
        "--- {path} (committed)\n+++ {path} (generated)\n@@ line {} @@\n",
        same + 1
    );
    let mut push = |mark: char, lines: &[&str], from: usize| {
        let lines = lines.iter().skip(from);
        let more = lines.len().saturating_sub(MOST_LINES);
        text.extend(lines.take(MOST_LINES).map(|line| format!("{mark}{line}\n")));
        if more > 0 {
            text.push_str(&format!("{mark}... and {more} lines more\n"));
        }
    };
    new.splice(..same - context, []);
    push(' ', new.get(..context).unwrap_or_default(), 0);
    push('-', &old, same);
    push('+', &new, context);
    text
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_lines_that_differ_follow_their_neighbours() {
        assert_eq!(difference("a.h", "one\n", "one\n"), "");
        let head = "--- a.h (committed)\n+++ a.h (generated)\n";
        let text = difference("a.h", "1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6\n");
        assert_eq!(text, format!("{head}@@ line 5 @@\n 2\n 3\n 4\n-5\n+five\n"));
        assert_eq!(
            difference("a.h", "1\n2\n", "1\nx\n2\n"),
            format!("{head}@@ line 2 @@\n 1\n+x\n")
        );
        assert_eq!(
            difference("a.h", "1\n2\n", "1\n"),
            format!("{head}@@ line 2 @@\n 1\n-2\n")
        );
        let all = difference("a.h", "", &"line\n".repeat(50));
        assert!(all.ends_with("+... and 30 lines more\n"), "{all}");
    }
}
