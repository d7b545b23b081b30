//! A reply's Markdown as plain text: what a reader of an SMS or an e-mail, or a listener, is given.
#![cfg(test)]

mod fixture;

use fixture::client;
use polyai_chat_core::fuzzing::make_plain_text;
use polyai_chat_core::{Create, plain_text};
use polyai_chat_simulator::Script;

/// What it is about, the Markdown, and the plain text.
const CASES: &[(&str, &str, &str)] = &[
    // Marks go, words stay.
    (
        "plain words",
        "Your order is on its way.",
        "Your order is on its way.",
    ),
    ("nothing", "", ""),
    ("blanks", " \n\n ", ""),
    (
        "emphasis",
        "**Good** *news* __for__ _you_ ***now***",
        "Good news for you now",
    ),
    (
        "emphasis within a word",
        "un*frigging*believable **10**th 1**st**",
        "un*frigging*believable 10th 1st",
    ),
    ("emphasis not ended", "**Note: this", "**Note: this"),
    (
        "emphasis that ends in punctuation",
        "**Note:**text, **Total:**5",
        "Note:text, Total:5",
    ),
    (
        "emphasis without blanks",
        "这是**重要**的。**注意：**请看 请**「重要」**は",
        "这是重要的。注意：请看 请「重要」は",
    ),
    ("struck out", "~~10~~ 8 pounds", "10 8 pounds"),
    (
        "headings",
        "# One\n\ntext\n\n## Two ##\ntext\n\nThree\n===\ntext",
        "One\n\ntext\n\nTwo\n\ntext\n\nThree\n\ntext",
    ),
    ("code", "Enter `a*b` and ``x`y``.", "Enter a*b and x`y."),
    (
        "a block of code",
        "Run:\n```sh\nif a; then\n    b\n\n    c\nfi\n```\nDone.",
        "Run:\n\nif a; then\n    b\n\n    c\nfi\n\nDone.",
    ),
    (
        "a quote",
        "> They said *yes*,\n> twice.\n\nSo there.",
        "They said yes,\ntwice.\n\nSo there.",
    ),
    (
        "a rule",
        "One.\n\n---\n\nTwo.\n***\nThree.",
        "One.\n\nTwo.\n\nThree.",
    ),
    ("escapes", r"\*not\* \# 1\. C:\new", r"*not* # 1. C:\new"),
    (
        "entities",
        "Tom &amp; Zo&euml; &lt;3 &#163;5 &copy AT&T",
        "Tom & Zoë <3 £5 &copy AT&T",
    ),
    // Lines.
    (
        "line breaks",
        "10 Downing Street\nLondon  \nSW1A\\\nUK",
        "10 Downing Street\nLondon\nSW1A\nUK",
    ),
    (
        "paragraphs",
        "One.\n\n\n\nTwo.  \n\n Three.",
        "One.\n\nTwo.\n\nThree.",
    ),
    (
        "line ends of Windows",
        "One\r\ntwo\r\n\r\nthree\rfour",
        "One\ntwo\n\nthree\nfour",
    ),
    // Lists.
    (
        "a list below its line",
        "We have:\n- tea\n* coffee",
        "We have:\n- tea\n- coffee",
    ),
    (
        "a list apart",
        "We have:\n\n* tea\n* coffee\n\nYes.",
        "We have:\n\n- tea\n- coffee\n\nYes.",
    ),
    (
        "numbers",
        "1. a\n2. b\n10. c\n\n3) d",
        "1. a\n2. b\n10. c\n\n3) d",
    ),
    (
        "numbers to be counted",
        "1. a\n1. b\n1. c",
        "1. a\n2. b\n3. c",
    ),
    (
        "lists in lists",
        "1. a\n   - b\n     1. c\n   - d\n2. e",
        "1. a\n   - b\n     1. c\n   - d\n2. e",
    ),
    (
        "lists in lists, with tabs",
        "* a\n\t* b\n\t\t* c",
        "- a\n  - b\n    - c",
    ),
    (
        "items with empty lines",
        "- a\n\n  more\n- b",
        "- a\n\n  more\n\n- b",
    ),
    ("lines of an item", "- a\n  more\n- b", "- a\n  more\n- b"),
    ("a list in a quote", "> - a\n> - b", "- a\n- b"),
    (
        "code in a list",
        "- a\n\n  ```\n  x\n  ```\n- b",
        "- a\n\n  x\n\n- b",
    ),
    ("tasks", "- [x] done\n- [ ] open", "- [x] done\n- [ ] open"),
    // Links and images.
    (
        "a link",
        "See [our *page*](https://acme.example/a_b \"title\").",
        "See our page (https://acme.example/a_b).",
    ),
    (
        "a link that says its address",
        "[https://acme.example](https://acme.example) [acme.example](https://acme.example/)",
        "https://acme.example acme.example",
    ),
    (
        "an address in brackets",
        "<https://acme.example/a_b_c> <help@acme.example>",
        "https://acme.example/a_b_c help@acme.example",
    ),
    (
        "an address as it is",
        "https://acme.example/_a_/b*c*d?x=__y__",
        "https://acme.example/_a_/b*c*d?x=__y__",
    ),
    (
        "an emphasized address",
        "**https://acme.example/a**, _www.acme.example_",
        "https://acme.example/a, www.acme.example",
    ),
    (
        "emphasis behind an address",
        "https://acme.example **now**, 见https://acme.example。**好**",
        "https://acme.example now, 见https://acme.example。好",
    ),
    (
        "emphasis behind a link",
        "[a](https://acme.example)**now**",
        "a (https://acme.example)now",
    ),
    (
        "mail and telephone",
        "[Mail us](mailto:help@acme.example), [help@acme.example](mailto:help@acme.example), [+44 20 7946-0000](tel:+442079460000), \
     [call](tel:+4420)",
        "Mail us (help@acme.example), help@acme.example, +44 20 7946-0000, call (+4420)",
    ),
    (
        "a link within the page",
        "[Top](#top) [nowhere]()",
        "Top nowhere",
    ),
    (
        "a link without words",
        "[](https://acme.example)",
        "https://acme.example",
    ),
    (
        "a link by name",
        "[a][b], [b], [c][d]\n\n[b]: https://acme.example",
        "a (https://acme.example), b (https://acme.example), [c][d]",
    ),
    (
        "an image",
        "![A *map*](https://acme.example/map.png) ![](https://acme.example/x.png)",
        "A map https://acme.example/x.png",
    ),
    (
        "an image that is a link",
        "[![Our shop](shop.png)](https://acme.example)",
        "Our shop (https://acme.example)",
    ),
    (
        "what looks like a link",
        "array[0](1 of 2) [see below] [x] (y)",
        "array[0](1 of 2) [see below] [x] (y)",
    ),
    // Tables.
    (
        "a table",
        "Hours:\n\n| Day | **Hours** |\n|:--|--:|\n| Mon | 9-5 |\n| Sun | |\n\nBye.",
        "Hours:\n\nDay: Mon; Hours: 9-5\nDay: Sun\n\nBye.",
    ),
    (
        "a table with names of rows",
        "| | Basic | Pro |\n|-|-|-|\n| Price | 1 | 2<br>3 |",
        "Price; Basic: 1; Pro: 2 3",
    ),
    (
        "a table of one column",
        "| Days |\n|---|\n| Mon |\n| Tue |",
        "Days\nMon\nTue",
    ),
    ("a table without rows", "| a | b |\n|---|---|", "a; b"),
    ("bars", "a | b | c\nd | e", "a | b | c\nd | e"),
    // HTML.
    (
        "tags",
        "<b>Hello</b> <span class=\"x\">you</span><br>there <!-- hidden -->now",
        "Hello you\nthere now",
    ),
    (
        "blocks of HTML",
        "<div>\n<p>One &amp; *two*</p>\n<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>\n</div>\n\nThree.",
        "One & two\n\n- a\n- b\n\nThree.",
    ),
    (
        "a link in HTML",
        "<p><a class=x href=\"https://acme.example/?a=1&amp;b=2\">Track</a> it</p>",
        "Track (https://acme.example/?a=1&b=2) it",
    ),
    (
        "an image in HTML",
        "<img src=x.png alt='A map'> <img src=y.png>",
        "A map",
    ),
    (
        "scripts and styles",
        "a\n<script>\nlet a = 1;\n\nlet b = '<p>';\n</script>\n\n<style>p {}</style>\n\nb",
        "a\n\nb",
    ),
    (
        "a comment",
        "One.\n\n<!-- a\n\nb -->\n\nTwo.",
        "One.\n\nTwo.",
    ),
    ("only a comment", "<!-- a -->", ""),
    (
        "a table in HTML",
        "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        "a b\nc",
    ),
    (
        "marks for a voice",
        "<speak>One moment<break time=\"1s\"/> please</speak>",
        "One moment please",
    ),
    // What is not Markdown.
    (
        "products",
        "2 * 3 * 4, 5*3*2, a*b*c, 2**3**4",
        "2 * 3 * 4, 5*3*2, a*b*c, 2**3**4",
    ),
    (
        "codes of a telephone",
        "Dial *123*456# or *#06# or *100#.",
        "Dial *123*456# or *#06# or *100#.",
    ),
    (
        "names with underscores",
        "snake_case_word, MAX_RETRIES, _id",
        "snake_case_word, MAX_RETRIES, _id",
    ),
    (
        "comparisons",
        "a < b && c > d, 5 <6, x<y>z?",
        "a < b && c > d, 5 <6, x<y>z?",
    ),
    (
        "a comparison at the start of a line",
        "> 65 years: free\n> 18 years: half",
        "> 65 years: free\n> 18 years: half",
    ),
    (
        "words in angle brackets",
        "Reply with <your name>, <time> or <order number>.\n\n<name>",
        "Reply with <your name>, <time> or <order number>.\n\n<name>",
    ),
    ("dates", "14. Mai 2026\npasst.", "14. Mai 2026\n    passt."),
    (
        "dates in a row",
        "1. May: open\n5. May: closed\n7. May: open",
        "1. May: open\n5. May: closed\n7. May: open",
    ),
    (
        "sums",
        "Total: 5\n+ 2 delivery\n- 1 off",
        "Total: 5\n+ 2 delivery\n- 1 off",
    ),
    (
        "a hashtag and a number",
        "#sale\n\n#1 in town, issue # 5",
        "#sale\n\n#1 in town, issue # 5",
    ),
    ("a key of the telephone", "#", "#"),
    ("another key of the telephone", "*", "*"),
    ("stars", "***", "***"),
    ("a face", "**🙂**", "🙂"),
    (
        "an underlined name",
        "Kind regards\n--\nAnna",
        "Kind regards\n\nAnna",
    ),
    (
        "about",
        "~5 to ~10 minutes, 10~20~30",
        "~5 to ~10 minutes, 10~20~30",
    ),
    (
        "indented words",
        "One:\n\n    indented\n\nTwo",
        "One:\n\nindented\n\nTwo",
    ),
    (
        "front matter",
        "---\ntitle: x\n---\nWords",
        "title: x\n\nWords",
    ),
    // Control characters.
    (
        "control characters",
        "a\u{1b}[31mb\u{7}\0c\u{85}d &#27;&#7; e\tf",
        "a[31mbcd  e\tf",
    ),
    (
        "marks of direction and of joining",
        "\u{200f}שלום 👩\u{200d}💻",
        "\u{200f}שלום 👩\u{200d}💻",
    ),
];

#[test]
fn each_kind_of_markdown_becomes_plain_text() {
    let wrong: Vec<String> = CASES
        .iter()
        .filter(|(_, markdown, expected)| plain_text(markdown) != *expected)
        .map(|(name, markdown, expected)| {
            let made = plain_text(markdown);
            format!("{name}: {markdown:?}\n  became  {made:?}\n  and not {expected:?}")
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_greeting_and_a_reply_of_the_service_give_their_plain_text() {
    let script = "greeting = 'Hello, **Sam**.'\ndefault_reply = \"# Hours\\n\\n* Mon: *9* to 5\\n* [Map](https://acme.example)\"";
    let simulator = fixture::builder().script(Script::parse(script, "test.toml").unwrap());
    let simulator = simulator.start().unwrap();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    assert_eq!(conversation.greeting().plain_text(), "Hello, Sam.");
    let reply = conversation.respond("When?").unwrap();
    assert_eq!(
        reply.plain_text(),
        "Hours\n\n- Mon: 9 to 5\n- Map (https://acme.example)"
    );
    assert!(
        reply.response().starts_with("# Hours"),
        "the words stay as they came"
    );
}

#[test]
fn a_text_that_no_message_is_as_long_as_stays_as_it_is() {
    let long = format!("**a**\u{1b}\n{}", "b ".repeat(128 * 1024));
    assert_eq!(
        plain_text(&long),
        format!("**a**\n{}", "b ".repeat(128 * 1024).trim_end())
    );
    let shorter = plain_text(&long[..256 * 1024]);
    assert!(shorter.starts_with("a\nb b"), "{:?}", &shorter[..20]);
}

/// Pieces that are hard to read, one a line, with `\n` for a line break.
fn hostile_pieces() -> Vec<String> {
    let pieces = include_str!("plain_text/hostile.txt").lines();
    pieces
        .map(|piece| piece.replace("\\n", "\n").replace("\\t", "\t"))
        .collect()
}

/// As little as a host gives a thread of its own.
fn on_a_small_stack(act: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(128 * 1024);
    thread.spawn(act).unwrap().join().unwrap();
}

#[test]
fn hostile_texts_fit_a_small_stack() {
    on_a_small_stack(|| {
        for piece in hostile_pieces() {
            let many = piece.repeat(64 * 1024 / piece.len());
            make_plain_text(many.as_bytes());
            make_plain_text(format!("{many}{}", "a\n".repeat(1024)).as_bytes());
            make_plain_text(format!("- a\n\n  > {many}").as_bytes());
            make_plain_text(format!("<div>{many}</div>{many}").as_bytes());
            make_plain_text(format!("|a|b|\n|-|-|\n|{}", many.replace('\n', " ")).as_bytes());
        }
    });
}

#[test]
fn every_mixture_of_pieces_is_read() {
    on_a_small_stack(|| {
        let cases = CASES.iter().map(|(_, markdown, _)| (*markdown).to_owned());
        let pieces: Vec<String> = cases.chain(hostile_pieces()).collect();
        // A linear congruential generator: the same mixtures in each run.
        let mut state: u64 = 18;
        let mut below = |most: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % most
        };
        for _ in 0..20_000 {
            let mut mixture = String::new();
            for _ in 0..=below(8) {
                let piece = &pieces[below(pieces.len())];
                let start = piece.floor_char_boundary(below(piece.len() + 1));
                mixture.push_str(&piece[if below(3) == 0 { start } else { 0 }..]);
            }
            make_plain_text(mixture.as_bytes());
        }
    });
}
