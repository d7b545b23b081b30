//! HTML among Markdown: what a tag means for plain text.

/// What stands for a tag.
#[derive(Debug, PartialEq)]
pub(super) enum Tag<'a> {
    /// Nothing: the words around it stay as they are.
    Nothing,
    LineBreak,
    /// A new block begins or ends.
    Block,
    Item,
    /// Between two cells of a row.
    Cell,
    LinkStart(Option<&'a str>),
    LinkEnd,
    /// An image, with its alternative text.
    Image(Option<&'a str>),
    /// What follows is not for readers.
    HiddenStart,
    HiddenEnd,
    /// Not HTML, but words in angle brackets, such as `<your name>`.
    Words,
}

const WITHIN_LINES: &str = " abbr b bdi bdo big cite code del dfn em emphasis font i ins kbd mark prosody q s samp say-as small \
     span strike strong sub sup tt u var voice wbr ";
const BLOCKS: &str = " article aside blockquote body caption center details dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 \
     head header hr html main nav ol p pre section speak summary table tbody tfoot thead ul ";
const HIDDEN: &str = " script style template ";

/// Reads a tag, which begins with `<` and ends with `>`.
pub(super) fn read(tag: &str) -> Tag<'_> {
    if tag.starts_with("<!") || tag.starts_with("<?") {
        return Tag::Nothing;
    }
    let inside = tag.trim_start_matches('<').trim_end_matches('>');
    let (is_end, inside) = match inside.strip_prefix('/') {
        Some(rest) => (true, rest),
        None => (false, inside),
    };
    let end_of_name = |it: char| !it.is_ascii_alphanumeric() && it != '-';
    let (name, attributes) = inside.split_at(inside.find(end_of_name).unwrap_or(inside.len()));
    let attributes = attributes.trim().trim_end_matches('/');
    if !attributes.is_empty() && !attributes.contains('=') {
        return Tag::Words;
    }
    let name = format!(" {} ", name.to_ascii_lowercase());
    match (name.trim(), is_end) {
        ("br", _) => Tag::LineBreak,
        ("break", _) => Tag::Nothing,
        ("tr", _) => Tag::LineBreak,
        ("li", false) => Tag::Item,
        ("li", true) => Tag::LineBreak,
        ("td" | "th", true) => Tag::Cell,
        ("td" | "th", false) => Tag::Nothing,
        ("a", false) => Tag::LinkStart(attribute(attributes, "href")),
        ("a", true) => Tag::LinkEnd,
        ("img", _) => Tag::Image(attribute(attributes, "alt")),
        _ if HIDDEN.contains(&name) && is_end => Tag::HiddenEnd,
        _ if HIDDEN.contains(&name) => Tag::HiddenStart,
        _ if WITHIN_LINES.contains(&name) => Tag::Nothing,
        _ if BLOCKS.contains(&name) => Tag::Block,
        _ => Tag::Words,
    }
}

/// The value of an attribute, with or without quotes.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    while let Some((before, behind)) = rest.split_once('=') {
        let behind = behind.trim_start();
        let (value, next) = match behind.chars().next() {
            Some(quote @ ('"' | '\'')) => behind
                .strip_prefix(quote)
                .and_then(|value| value.split_once(quote))?,
            _ => behind
                .split_once(char::is_whitespace)
                .unwrap_or((behind, "")),
        };
        let found = before.split_whitespace().next_back().unwrap_or_default();
        if found.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next;
    }
    None
}

/// The lines of a block of HTML so that the parser takes its tags one by one: only at the start of a line do they make a block, and what
/// is put there is a control character, which is never written.
pub(super) fn taken_apart(block: &str) -> String {
    const START: char = '\u{1}';
    let mut lines = String::with_capacity(block.len() + block.len() / 8);
    for line in without_comment(block).lines() {
        lines.push(START);
        lines.push_str(line.trim_start());
        lines.push('\n');
    }
    lines
}

/// What follows a comment, a declaration or the like at the start of a block.
fn without_comment(block: &str) -> &str {
    let block = block.trim_start();
    for (start, end) in [
        ("<!--", "-->"),
        ("<?", "?>"),
        ("<![CDATA[", "]]>"),
        ("<!", ">"),
    ] {
        if block.starts_with(start) {
            return block.split_once(end).map_or("", |(_, rest)| rest);
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_with_and_without_quotes() {
        let attributes = "class='a = b' HREF = \"https://a.example/?x=1\" alt=yes";
        assert_eq!(
            attribute(attributes, "href"),
            Some("https://a.example/?x=1")
        );
        assert_eq!(attribute(attributes, "class"), Some("a = b"));
        assert_eq!(attribute(attributes, "alt"), Some("yes"));
        assert_eq!(attribute(attributes, "b"), None);
        assert_eq!(attribute("href=\"open", "href"), None);
    }

    #[test]
    fn words_in_angle_brackets_are_not_taken_for_html() {
        for words in [
            "<your name>",
            "<order number>",
            "<name>",
            "<b and c>",
            "<time>",
        ] {
            assert_eq!(read(words), Tag::Words, "{words}");
        }
        for (tag, meaning) in [
            ("<b>", Tag::Nothing),
            ("</STRONG>", Tag::Nothing),
            ("<br />", Tag::LineBreak),
            ("<div class=\"x\">", Tag::Block),
            ("<a href='u'>", Tag::LinkStart(Some("u"))),
            ("<!-- x -->", Tag::Nothing),
        ] {
            assert_eq!(read(tag), meaning, "{tag}");
        }
    }
}
