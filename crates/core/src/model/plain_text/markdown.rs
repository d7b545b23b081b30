//! Reads Markdown, and writes what a reader of plain text needs of it.

use super::addresses::{Walk, says, shown};
use super::emphasis::{are_signs, with_marks_known};
use super::lines::Lines;
use super::lists::{List, breaks_before};
use super::nesting::bounded;
use super::tables::Table;
use super::tags::{self, Tag as Meaning, taken_apart};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Longer texts stay as they are: no message is as long, and the parser needs up to a hundred times the memory.
const MOST_BYTES: usize = 256 * 1024;
/// What the names of a table's columns may take in all its rows, beside as much as the whole text.
const MOST_NAMES: usize = 16 * 1024;

/// Markdown as plain text, for what shows or speaks words as they are: SMS, e-mail, a voice. Since 0.1.0.
///
/// Marks of headings, emphasis, code and quotes go, their words stay. A link is `words (address)`, or its words alone where they say the
/// address; an image is its alternative text. Lists keep `-` or their numbers, and are indented in each other. A row of a table is a line,
/// each cell behind the name of its column. HTML tags go, entities are decoded, line breaks stay, and an empty line is between blocks.
/// What only looks like Markdown stays: `5*3*2`, `snake_case`, `a < b`, `<your name>`. Control characters but line breaks and tabs go. A
/// text of more than 256 KiB stays as it is, but for those.
#[must_use]
pub fn plain_text(markdown: &str) -> String {
    let is_mark = |it: char| it.is_ascii_punctuation() || it.is_whitespace();
    // Such as `#` or `*`, keys of a telephone.
    if markdown.len() > MOST_BYTES || markdown.chars().all(is_mark) {
        return as_it_is(markdown);
    }
    let mut page = Page {
        names: markdown.len() + MOST_NAMES,
        ..Page::default()
    };
    page.read(&with_marks_known(&bounded(markdown)), Html::Taken);
    let has_html = page.has_html;
    let text = page.lines.finish();
    match text.is_empty() && !has_html {
        true => as_it_is(markdown),
        false => text,
    }
}

fn as_it_is(text: &str) -> String {
    let mut lines = Lines::default();
    lines.write(text.trim());
    lines.finish()
}

/// What becomes of a block of HTML.
#[derive(Clone, Copy, PartialEq)]
enum Html {
    /// It is read once more, tag by tag.
    Taken,
    /// It was: what is a block all the same is words.
    Words,
}

/// A link or an image being read.
struct Link {
    start: usize,
    address: Option<String>,
}

#[derive(Default)]
struct Page {
    lines: Lines,
    lists: Vec<List>,
    links: Vec<Link>,
    images: Vec<Link>,
    /// That of HTML: there is never one in another.
    html_link: Option<Link>,
    /// For each emphasis, the marks that stay.
    kept_marks: Vec<Option<String>>,
    /// For each quote, whether its mark stays.
    kept_quotes: Vec<bool>,
    walk: Walk,
    table: Option<Table>,
    names: usize,
    html: String,
    is_hidden: bool,
    has_html: bool,
}

impl Page {
    fn read(&mut self, source: &str, html: Html) {
        let outer = std::mem::take(&mut self.walk);
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
            match event {
                Event::Start(tag) => self.start(tag, source, &range),
                Event::End(tag) => self.end(tag, &range, html),
                Event::Html(text) if html == Html::Taken => self.html.push_str(&text),
                Event::Html(text) => self.words(&text),
                Event::InlineHtml(tag) => self.tag(&tag),
                Event::SoftBreak | Event::HardBreak => self.break_line(source, &range),
                Event::Rule => self.lines.separate(2),
                Event::Text(text) | Event::Code(text) => self.words(&text),
                // Of extensions that are not asked for.
                Event::InlineMath(text)
                | Event::DisplayMath(text)
                | Event::FootnoteReference(text) => {
                    self.words(&text);
                }
                Event::TaskListMarker(_) => {}
            }
        }
        self.walk = outer;
    }

    fn words(&mut self, words: &str) {
        if !self.is_hidden {
            self.lines.write(words);
        }
    }

    fn start(&mut self, tag: Tag<'_>, source: &str, range: &Range<usize>) {
        match tag {
            Tag::Paragraph => {
                let quotes = self.kept_quotes.len();
                if let Some(list) = self.lists.last_mut() {
                    list.is_loose |= list.quotes == quotes;
                }
                self.lines.separate(2);
            }
            Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::HtmlBlock => self.lines.separate(2),
            Tag::BlockQuote(_) => self.begin_quote(source, range),
            Tag::List(start) => {
                self.lines.separate_only(breaks_before(source, range.start));
                self.lists.push(List {
                    is_numbered: start.is_some(),
                    quotes: self.kept_quotes.len(),
                    ..List::default()
                });
            }
            Tag::Item => self.begin_item(source, range),
            Tag::Table(_) => {
                self.lines.separate(2);
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => self.with_table(Table::begin_row),
            Tag::TableCell => self.with_table(Table::begin_cell),
            Tag::Emphasis => self.begin_emphasis(source, range, 1),
            Tag::Strong => self.begin_emphasis(source, range, 2),
            Tag::Strikethrough => {
                let width = match source
                    .get(range.start..)
                    .is_some_and(|it| it.starts_with("~~"))
                {
                    true => 2,
                    false => 1,
                };
                self.begin_emphasis(source, range, width);
            }
            Tag::Link {
                dest_url,
                link_type,
                ..
            } => {
                let is_known = matches!(link_type, LinkType::Autolink | LinkType::Email);
                let link = self.link(Some(dest_url.as_ref()).filter(|_| !is_known));
                self.links.push(link);
            }
            Tag::Image { dest_url, .. } => {
                let image = self.link(Some(&dest_url));
                self.images.push(image);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>, html: Html) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) => {
                self.end_words(html);
                self.lines.end_block();
            }
            TagEnd::CodeBlock => self.lines.end_block(),
            TagEnd::BlockQuote(_) => {
                self.kept_quotes.pop();
                self.lines.end_block();
            }
            TagEnd::HtmlBlock if html == Html::Taken => {
                let block = std::mem::take(&mut self.html);
                self.has_html = true;
                self.read(&taken_apart(&block), Html::Words);
                self.is_hidden = false;
                self.lines.end_block();
            }
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.lines.end_block();
                }
            }
            TagEnd::Item => {
                self.end_words(html);
                self.lines.end_item();
            }
            TagEnd::TableHead => self.with_table(Table::end_head),
            TagEnd::TableRow => {
                if let Some(table) = &mut self.table {
                    table.end_row(&mut self.lines, &mut self.names);
                }
            }
            TagEnd::TableCell => {
                self.end_words(html);
                self.with_table(Table::end_cell);
            }
            TagEnd::Table => {
                self.with_table(Table::end);
                self.table = None;
                self.lines.end_block();
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                if let Some(mark) = self.kept_marks.pop().flatten() {
                    self.words(&mark);
                }
            }
            TagEnd::Link => {
                let link = self.links.pop();
                self.end_link(link);
                self.walk.passes_link(range.end);
            }
            TagEnd::Image => {
                let image = self.images.pop();
                self.end_image(image);
                self.walk.passes_link(range.end);
            }
            _ => {}
        }
    }

    fn with_table(&mut self, act: impl FnOnce(&mut Table, &mut Lines)) {
        if let Some(table) = &mut self.table {
            act(table, &mut self.lines);
        }
    }

    fn break_line(&mut self, source: &str, range: &Range<usize>) {
        if self.table.is_some() {
            return self.words(" ");
        }
        self.lines.separate(1);
        let next = source.get(range.end..).unwrap_or_default();
        if self.kept_quotes.last() == Some(&true) && next.trim_start_matches(' ').starts_with('>') {
            self.words("> ");
        }
    }

    /// A quote loses its mark, unless it is a comparison: `> 65 years`.
    fn begin_quote(&mut self, source: &str, range: &Range<usize>) {
        self.lines.separate(2);
        let inside = source.get(range.start..).unwrap_or_default();
        let inside = inside
            .strip_prefix('>')
            .unwrap_or(inside)
            .trim_start_matches(' ');
        let is_comparison = inside.starts_with(|it: char| it.is_ascii_digit());
        if is_comparison {
            self.words("> ");
            self.lines.stay_behind_mark();
        }
        self.kept_quotes.push(is_comparison);
    }

    fn begin_item(&mut self, source: &str, range: &Range<usize>) {
        let Some(list) = self.lists.last_mut() else {
            return;
        };
        if list.has_items {
            self.lines.separate(if list.is_loose { 2 } else { 1 });
        }
        list.has_items = true;
        let item = source.get(range.clone()).unwrap_or_default().trim_start();
        match list.is_numbered {
            true => self.lines.begin_item(&list.number(item)),
            false if item.starts_with('+') => self.lines.begin_item("+"), // may be a sum: `+ 5 for delivery`
            false => self.lines.begin_item("-"),
        }
    }

    /// Emphasis loses its marks, unless they are signs of something else: a product, a code, a part of an address.
    fn begin_emphasis(&mut self, source: &str, range: &Range<usize>, width: usize) {
        let inside = range.start + width..range.end.saturating_sub(width);
        let stays =
            self.walk.is_in_address(source, range.start) || are_signs(source, range, &inside);
        let mark = |marks: Range<usize>| source.get(marks).filter(|_| stays);
        self.words(mark(range.start..inside.start).unwrap_or_default());
        self.kept_marks
            .push(mark(inside.end..range.end).map(str::to_owned));
    }

    fn link(&mut self, destination: Option<&str>) -> Link {
        Link {
            start: self.lines.position(),
            address: destination.and_then(shown).map(str::to_owned),
        }
    }

    fn end_link(&mut self, link: Option<Link>) {
        let Some(Link {
            start,
            address: Some(address),
        }) = link
        else {
            return;
        };
        let words = self.lines.since(start);
        if words.trim().is_empty() {
            self.words(&address);
        } else if self.images.is_empty() && !says(words, &address) {
            let space = if words.ends_with(char::is_whitespace) {
                ""
            } else {
                " "
            };
            self.words(&format!("{space}({address})"));
        }
    }

    /// An image without words is its address.
    fn end_image(&mut self, image: Option<Link>) {
        let Some(Link {
            start,
            address: Some(address),
        }) = image
        else {
            return;
        };
        if self.lines.since(start).trim().is_empty() {
            self.words(&address);
        }
    }

    fn tag(&mut self, tag: &str) {
        let meaning = tags::read(tag);
        self.has_html |= meaning != Meaning::Words;
        match meaning {
            Meaning::Words => self.words(tag),
            Meaning::Nothing => {}
            Meaning::HiddenStart => self.is_hidden = true,
            Meaning::HiddenEnd => self.is_hidden = false,
            Meaning::Image(words) => self.words(&words.unwrap_or_default().replace("&amp;", "&")),
            Meaning::LinkStart(address) => {
                self.end_html_link();
                let address = address.map(|it| it.replace("&amp;", "&"));
                self.html_link = Some(self.link(address.as_deref()));
            }
            Meaning::LinkEnd => self.end_html_link(),
            // A cell of a table is one line.
            _ if self.table.is_some() => self.words(" "),
            Meaning::Cell => self.words(" "),
            Meaning::LineBreak => self.lines.separate(1),
            Meaning::Block => self.lines.separate(2),
            Meaning::Item => {
                self.lines.separate(1);
                self.words("- ");
            }
        }
    }

    fn end_html_link(&mut self) {
        let link = self.html_link.take();
        self.end_link(link);
    }

    /// What began inside words and was not ended ends with them.
    fn end_words(&mut self, html: Html) {
        self.html_link = None;
        self.is_hidden &= html == Html::Words;
    }
}
