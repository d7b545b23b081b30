//! The gate of the ABI closes where a program would break, and says what broke: every kind of change is made to a copy of
//! the sources, and has to be found.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may panic, and says what it leaves out"
)]

mod xtask;

use polyai_chat_abi::{not_run, repository};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::xtask;

/// Who sees a break beside the gate itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SeenBy {
    Abidiff,
    Preprocessor,
    Nobody,
}

use SeenBy::{Abidiff, Nobody, Preprocessor};

/// A copy of all that the header is made from, whose baseline is what it was when it was copied.
struct Sources {
    folder: tempfile::TempDir,
}

impl Sources {
    fn copy() -> Self {
        let sources = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let from = repository().join("crates/ffi");
        let to = sources.path("crates/ffi/src");
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(from.join("src")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
        let first_page = "first_page.txt";
        fs::copy(
            from.join(first_page),
            sources.path("crates/ffi").join(first_page),
        )
        .unwrap();
        sources.run(&["header"]).unwrap();
        sources.run(&["abi", "--begin"]).unwrap();
        sources
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, command: &[&str]) -> Result<String, String> {
        let root = ["--root", self.folder.path().to_str().unwrap()];
        xtask(&[root.as_slice(), command].concat())
    }

    /// Writes the header anew and goes through the gate, past abidiff too where it is there.
    fn gate(&self) -> Result<String, String> {
        self.run(&["header"]).unwrap();
        self.gate_as_it_is()
    }

    fn gate_as_it_is(&self) -> Result<String, String> {
        if has_abidiff() {
            self.run(&["abi", "--with-abidiff"])
        } else {
            self.run(&["abi"])
        }
    }

    /// Puts one text in the place of another, which must be there, in a file of `crates/ffi/src`.
    fn replace(&self, file: &str, from: &str, to: &str) -> &Self {
        edit(&self.path("crates/ffi/src").join(file), from, to);
        self
    }

    /// What a function's documentation or signature says: the text nearest before and after its name.
    fn replace_near(&self, file: &str, function: &str, from: &str, to: &str) -> &Self {
        let path = self.path("crates/ffi/src").join(file);
        let text = fs::read_to_string(&path).unwrap();
        let name = text.find(&format!("fn {function}(")).unwrap();
        let before = text[..name].rfind(from);
        let after = text[name..].find(from).map(|at| name + at);
        let distance = |at: &usize| at.abs_diff(name);
        let at = before
            .into_iter()
            .chain(after)
            .min_by_key(distance)
            .unwrap_or_else(|| panic!("{from} is not in {file}"));
        fs::write(
            &path,
            format!("{}{to}{}", &text[..at], &text[at + from.len()..]),
        )
        .unwrap();
        self
    }

    /// Takes a function out, with its documentation.
    fn remove(&self, file: &str, function: &str) -> &Self {
        let path = self.path("crates/ffi/src").join(file);
        let text = fs::read_to_string(&path).unwrap();
        let name = text.find(&format!("fn {function}(")).unwrap();
        let begin = text[..name].rfind("\n\n    ///").unwrap();
        let end = name + text[name..].find("\n    }\n").unwrap() + "\n    }\n".len();
        fs::write(&path, format!("{}\n{}", &text[..begin], &text[end..])).unwrap();
        self
    }

    /// Adds a function to `cancel.rs`.
    fn add(&self, function: &str) -> &Self {
        let doc = "/// Does it.\n///\n/// Blocks: never. Threads: any. Since: 0.2.0.";
        let added = format!("export! {{\n{doc}\nplain fn {function}() {{}}\n");
        self.replace("cancel.rs", "export! {\n", &added)
    }

    fn raise_number(&self, from: u32, to: u32) -> &Self {
        let number = |number| format!("POLYAI_ABI_VERSION: u32 = {number};");
        self.replace("constants.rs", &number(from), &number(to))
    }

    fn first_header(&self) -> String {
        fs::read_to_string(self.path("tests/abi/baseline/first/polyai_chat.h")).unwrap()
    }

    /// Asserts that the gate is closed, and says all of this.
    fn is_refused(&self, said: &[&str], seen_by: SeenBy) {
        let report = self.gate().unwrap_err();
        says(&report, said);
        if has_abidiff() {
            let sees = |who: bool| if who { "a break" } else { "no break" };
            let abidiff = sees(seen_by == Abidiff);
            let preprocessor = sees(seen_by == Preprocessor);
            says(
                &report,
                &[
                    &format!("abidiff sees {abidiff}.\n"),
                    &format!("The preprocessor sees {preprocessor}.\n"),
                ],
            );
        }
    }
}

/// In CI it must be there.
fn has_abidiff() -> bool {
    let there = Command::new("abidiff").arg("--version").output().is_ok();
    if !there {
        not_run("without abidiff: INSTALL=1 tests/require c-tools");
    }
    there
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}

fn says(report: &str, said: &[&str]) {
    for said in said {
        assert!(report.contains(said), "{said:?} is not in\n{report}");
    }
}

#[test]
fn what_did_not_change_passes() {
    let sources = Sources::copy();
    let report = sources.gate().unwrap();
    assert!(
        report.contains("The ABI is as it was accepted: libpolyai_chat.so.1"),
        "{report}"
    );
    // Prose may be changed at any time.
    let blocks = "Blocks: until the agent has replied";
    sources
        .replace(
            "conversation.rs",
            blocks,
            "Blocks: until the agent has answered",
        )
        .replace("client.rs", "Since: 0.1.0", "Since: 0.1.1")
        .replace(
            "client.rs",
            "/// Starts a conversation;",
            "/// Begins a conversation;",
        );
    sources.gate().unwrap();
}

#[test]
fn a_removed_or_renamed_function_is_named() {
    let sources = Sources::copy();
    sources.remove("client.rs", "polyai_client_proxy");
    sources.is_refused(
        &[
            "removed\n  polyai_client_proxy: BREAKS programs\n    it is gone\n",
            "was  const char *polyai_client_proxy(const polyai_client *client, size_t *length)\n    mend: bring it back",
            "Breaks: 1. ",
            "--accept-break NAME \"why\"",
        ],
        Abidiff,
    );

    let sources = Sources::copy();
    sources.replace("client.rs", "polyai_client_proxy", "polyai_client_via");
    sources.is_refused(
        &[
            "polyai_client_proxy: BREAKS programs\n    it is gone; it may have been renamed to polyai_client_via\n",
            "added\n  polyai_client_via: breaks nothing\n",
            "Breaks: 1. ",
            "Additions: 1. ",
        ],
        Abidiff,
    );
}

#[test]
fn other_arguments_are_named() {
    let sources = Sources::copy();
    let warm_up = "polyai_client_warm_up";
    sources.replace_near("client.rs", warm_up, "timeout_ms: u64", "timeout_ms: u32");
    sources.is_refused(
        &[
            "changed\n  polyai_client_warm_up: BREAKS programs\n    argument 2 (timeout_ms) was `uint64_t`, and is `uint32_t`\n",
            "was  polyai_status polyai_client_warm_up(polyai_client *client, uint64_t timeout_ms, ",
            "is   polyai_status polyai_client_warm_up(polyai_client *client, uint32_t timeout_ms, ",
            "mend: leave it as it was, and add another one beside it",
        ],
        Abidiff,
    );

    let sources = Sources::copy();
    sources.replace("cancel.rs", "cancel: Changed<Cancel>", "$0, hard: bool");
    sources.replace("cancel.rs", "$0", "cancel: Changed<Cancel>");
    sources.is_refused(
        &["polyai_cancel_trigger: BREAKS programs\n    argument 2 (hard) is new\n"],
        Abidiff,
    );

    let sources = Sources::copy();
    let proxy = "polyai_client_proxy";
    sources.replace_near("client.rs", proxy, "Shared<Client>", "Changed<Client>");
    sources.is_refused(
        &[
            "polyai_client_proxy: BREAKS programs\n    argument 1 (client) was `const polyai_client *`, and is `polyai_client *`\n",
        ],
        Abidiff,
    );
}

#[test]
fn arguments_that_change_places_are_named() {
    let sources = Sources::copy();
    let (key, token) = (
        "api_key: Text,\n        api_key_length: usize",
        "token: Text,\n        token_length: usize",
    );
    sources.replace("client.rs", key, "$0");
    sources.replace("client.rs", token, key);
    sources.replace("client.rs", "$0", token);
    sources.is_refused(
        &[
            "polyai_client_replace_credentials: BREAKS programs\n    its arguments were client, api_key, api_key_length, token, ",
        ],
        Nobody,
    );
}

#[test]
fn another_result_is_named() {
    let sources = Sources::copy();
    sources.replace(
        "library.rs",
        "polyai_live_handles() -> usize",
        "polyai_live_handles() -> u32",
    );
    sources.is_refused(
        &["polyai_live_handles: BREAKS programs\n    it returned `size_t`, and returns `uint32_t`\n"],
        Abidiff,
    );

    let sources = Sources::copy();
    sources.replace(
        "library.rs",
        "polyai_options_json(length: LengthOut) -> StaticText",
        "polyai_options_json(length: LengthOut) -> NewHandle<Cancel>",
    );
    sources.is_refused(
        &["polyai_options_json: BREAKS programs\n    it returned `const char *`, and returns `polyai_cancel *`\n"],
        Abidiff,
    );
}

#[test]
fn a_constant_keeps_its_number_and_type() {
    let sources = Sources::copy();
    sources.replace(
        "constants.rs",
        "POLYAI_STATE_CLOSED: polyai_state = 4",
        "POLYAI_STATE_CLOSED: polyai_state = 5",
    );
    sources.is_refused(
        &["renumbered\n  POLYAI_STATE_CLOSED: BREAKS programs\n    it was 4, and is 5\n"],
        Preprocessor,
    );

    let sources = Sources::copy();
    sources.replace(
        "constants.rs",
        "pub const POLYAI_LOG_DEBUG",
        "const POLYAI_LOG_DEBUG",
    );
    sources.is_refused(
        &["removed\n  POLYAI_LOG_DEBUG: BREAKS programs\n    it is gone\n"],
        Preprocessor,
    );

    let sources = Sources::copy();
    sources.replace(
        "constants.rs",
        "POLYAI_LOG_DEBUG: polyai_log_level",
        "POLYAI_LOG_DEBUG: polyai_state",
    );
    sources.is_refused(
        &["POLYAI_LOG_DEBUG: BREAKS programs\n    its type was `polyai_log_level`, and is `polyai_state`\n"],
        Nobody,
    );
}

#[test]
fn a_type_keeps_its_width_and_a_callback_its_arguments() {
    let sources = Sources::copy();
    sources.replace(
        "constants.rs",
        "pub type polyai_state = u32",
        "pub type polyai_state = u64",
    );
    sources.is_refused(
        &[
            "changed\n  polyai_state: BREAKS programs\n    `typedef uint32_t polyai_state` has become `typedef uint64_t polyai_state`\n",
        ],
        Abidiff,
    );

    let sources = Sources::copy();
    sources.replace(
        "constants.rs",
        "        level: polyai_log_level,\n",
        "        level: u64,\n",
    );
    sources.is_refused(
        &[
            "polyai_log_callback: BREAKS programs\n    `typedef void (*polyai_log_callback)(void *user_data, polyai_log_level level, ",
            "has become `typedef void (*polyai_log_callback)(void *user_data, uint64_t level, ",
        ],
        Abidiff,
    );

    // Nobody but the reader sees the name of an argument.
    let sources = Sources::copy();
    sources.replace(
        "constants.rs",
        "        level: polyai_log_level,\n",
        "        urgency: polyai_log_level,\n",
    );
    sources.gate().unwrap();
}

#[test]
fn a_type_that_is_gone_is_named() {
    let sources = Sources::copy();
    let manifest = sources.path("include/polyai_chat.json");
    edit(
        &manifest,
        "\"name\": \"polyai_release_callback\"",
        "\"name\": \"polyai_farewell\"",
    );
    let error = sources.gate_as_it_is().unwrap_err();
    says(
        &error,
        &[
            "removed\n  polyai_release_callback: BREAKS programs\n    it is gone\n",
            "added\n  polyai_farewell: breaks nothing\n",
        ],
    );
}

#[test]
fn promises_that_c_has_no_words_for_are_kept() {
    let sources = Sources::copy();
    sources.replace_near(
        "client.rs",
        "polyai_client_create",
        "Optional<Request>",
        "Shared<Request>",
    );
    sources.is_refused(
        &[
            "polyai_client_create: BREAKS programs\n    argument 2 (request) could be NULL, and is required now\n",
        ],
        Nobody,
    );

    let sources = Sources::copy();
    let shut_down = "polyai_client_shut_down";
    let (never, until) = ("Blocks: never.", "Blocks: until every call has ended.");
    sources.replace_near("client.rs", shut_down, never, until);
    sources.is_refused(
        &["polyai_client_shut_down: BREAKS programs\n    it never blocked, and blocks until every call has ended\n"],
        Nobody,
    );

    let sources = Sources::copy();
    let (any, one) = ("Threads: any.", "Threads: one at a time for a client.");
    sources.replace_near("client.rs", shut_down, any, one);
    sources.is_refused(
        &[
            "polyai_client_shut_down: BREAKS programs\n    it was for any thread, and is for one at a time for a client\n",
        ],
        Nobody,
    );
}

#[test]
fn an_addition_is_reported_and_accepted() {
    let sources = Sources::copy();
    sources.add("polyai_cancel_tidy");
    sources.replace(
        "constants.rs",
        "/// What is known about a conversation.",
        "/// It was lost.\npub const POLYAI_DELIVERY_LOST: polyai_delivery = 4;\n\n/// What is known about a conversation.",
    );
    sources.is_refused(
        &[
            "added\n  POLYAI_DELIVERY_LOST: breaks nothing\n    is   #define POLYAI_DELIVERY_LOST 4 (polyai_delivery)\n",
            "  polyai_cancel_tidy: breaks nothing\n    is   void polyai_cancel_tidy(void)\n",
            "Additions: 2. `cargo run -p polyai-chat-xtask -- abi --accept-additions` accepts them.",
        ],
        Nobody,
    );
    let first = sources.first_header();
    sources.run(&["abi", "--accept-additions"]).unwrap();
    sources.gate().unwrap();
    assert_eq!(
        sources.first_header(),
        first,
        "older programs run with the new library"
    );
    // What was added is protected as well.
    sources.replace("cancel.rs", "polyai_cancel_tidy", "polyai_cancel_clean");
    sources.is_refused(&["polyai_cancel_tidy: BREAKS programs"], Abidiff);
}

#[test]
fn a_promise_that_grows_is_an_addition() {
    let sources = Sources::copy();
    sources.replace_near(
        "client.rs",
        "polyai_client_attach",
        "conversation_id: Text",
        "conversation_id: OptionalText",
    );
    sources.is_refused(
        &["polyai_client_attach: breaks nothing\n    argument 2 (conversation_id) may be NULL now\n"],
        Nobody,
    );
    sources.run(&["abi", "--accept-additions"]).unwrap();
    sources.replace(
        "client.rs",
        "conversation_id: OptionalText",
        "conversation_id: Text",
    );
    sources.is_refused(&["could be NULL, and is required now"], Nobody);
}

#[test]
fn before_the_first_release_a_break_is_accepted_by_its_name() {
    let sources = Sources::copy();
    sources
        .remove("client.rs", "polyai_client_proxy")
        .replace(
            "library.rs",
            "polyai_live_handles() -> usize",
            "polyai_live_handles() -> u32",
        )
        .add("polyai_cancel_tidy");
    sources.gate().unwrap_err();
    let additions = sources.run(&["abi", "--accept-additions"]).unwrap_err();
    says(&additions, &["Breaks: 2. "]);

    let accept = |name, why| sources.run(&["abi", "--accept-break", name, why]);
    let error = accept("polyai_client_dialect", "a slip of the pen").unwrap_err();
    says(
        &error,
        &[
            "polyai_client_dialect is no break that can be accepted. Those that can be: polyai_client_proxy, polyai_live_handles.",
        ],
    );
    says(
        &accept("polyai_client_proxy", " ").unwrap_err(),
        &["Say why"],
    );
    accept(
        "polyai_client_proxy",
        "nobody -- really nobody -- asked for it",
    )
    .unwrap();
    sources.is_refused(
        &[
            "polyai_client_proxy: BREAKS programs; accepted: nobody -- really nobody -- asked for it\n",
            "Breaks: 1. ",
        ],
        Abidiff,
    );
    accept("polyai_live_handles", "32 bits are enough").unwrap();
    sources.is_refused(&["Additions: 1. "], Abidiff);
    sources.run(&["abi", "--accept-additions"]).unwrap();
    sources.gate().unwrap();
    let first = sources.first_header();
    assert!(
        !first.contains("polyai_client_proxy") && first.contains("uint32_t polyai_live_handles"),
        "nobody has an older program"
    );

    // What was accepted is this change and no other.
    sources.replace(
        "library.rs",
        "polyai_live_handles() -> u32",
        "polyai_live_handles() -> u64",
    );
    sources.is_refused(
        &["polyai_live_handles: BREAKS programs\n    it returned `uint32_t`, and returns `uint64_t`\n"],
        Abidiff,
    );
    accept("polyai_live_handles", "64 bits are better").unwrap();
    sources.gate().unwrap();
}

#[test]
fn what_was_released_cannot_be_broken() {
    let sources = Sources::copy();
    sources.add("polyai_cancel_tidy");
    sources.run(&["header"]).unwrap();
    says(
        &sources.run(&["abi", "--freeze"]).unwrap_err(),
        &["Not all is accepted"],
    );
    sources.run(&["abi", "--accept-additions"]).unwrap();
    assert!(!sources.first_header().contains("polyai_cancel_tidy"));
    sources.run(&["abi", "--freeze"]).unwrap();
    assert!(
        sources.first_header().contains("polyai_cancel_tidy"),
        "the oldest programs are those of the first release"
    );
    sources.gate().unwrap();

    sources.replace("cancel.rs", "polyai_cancel_tidy", "polyai_cancel_clean");
    let said = [
        "polyai_cancel_tidy: BREAKS programs, and was released\n",
        "Breaks of what was released: 1. ",
        "raise POLYAI_ABI_OLDEST and POLYAI_ABI_VERSION",
    ];
    sources.is_refused(&said, Abidiff);
    let accepted = sources.run(&["abi", "--accept-break", "polyai_cancel_tidy", "please"]);
    says(
        &accepted.unwrap_err(),
        &["polyai_cancel_tidy was released: to break it takes another SONAME"],
    );
    sources.run(&["abi", "--accept-additions"]).unwrap_err();
    let begun = sources.run(&["abi", "--begin"]);
    says(&begun.unwrap_err(), &["The SONAME is that of"]);
    sources.is_refused(&said, Abidiff);

    // Nor where the baseline was changed by hand.
    for name in ["polyai_chat.h", "polyai_chat.json"] {
        fs::copy(
            sources.path("include").join(name),
            sources.path("tests/abi/baseline").join(name),
        )
        .unwrap();
    }
    says(&sources.run(&["abi"]).unwrap_err(), &said);
}

#[test]
fn after_a_release_an_addition_raises_the_number() {
    let sources = Sources::copy();
    sources.run(&["abi", "--freeze"]).unwrap();
    sources.add("polyai_cancel_tidy");
    let said = [
        "POLYAI_ABI_VERSION is 1, as in the last release, since which there was added: polyai_cancel_tidy. Raise it to 2",
    ];
    sources.is_refused(&said, Nobody);
    says(
        &sources.run(&["abi", "--accept-additions"]).unwrap_err(),
        &said,
    );
    sources.raise_number(1, 2);
    sources.is_refused(
        &[
            "POLYAI_ABI_VERSION: breaks nothing\n    it was 1, and is 2\n",
            "Additions: 2. ",
        ],
        Nobody,
    );
    sources.run(&["abi", "--accept-additions"]).unwrap();
    sources.gate().unwrap();

    // Until the next release one number is enough, and what is new can be taken back.
    sources.replace("cancel.rs", "polyai_cancel_tidy", "polyai_cancel_clean");
    sources.gate().unwrap_err();
    sources
        .run(&[
            "abi",
            "--accept-break",
            "polyai_cancel_tidy",
            "never released",
        ])
        .unwrap();
    let first = sources.first_header();
    sources.run(&["abi", "--accept-additions"]).unwrap();
    sources.gate().unwrap();
    assert_eq!(sources.first_header(), first);

    sources.raise_number(2, 1);
    sources.is_refused(
        &[
            "POLYAI_ABI_VERSION: BREAKS programs\n    it was 2, and is 1\n",
            "mend: give it back its number",
        ],
        Nobody,
    );
    sources.raise_number(1, 2);
    sources.gate().unwrap();
    sources.run(&["abi", "--freeze"]).unwrap();
    sources.add("polyai_cancel_again");
    sources.is_refused(&["POLYAI_ABI_VERSION is 2, as in the last release"], Nobody);
}

#[test]
fn another_soname_begins_anew() {
    let sources = Sources::copy();
    sources.run(&["abi", "--freeze"]).unwrap();
    sources.raise_number(1, 2).replace(
        "constants.rs",
        "POLYAI_ABI_OLDEST: u32 = 1",
        "POLYAI_ABI_OLDEST: u32 = 2",
    );
    sources.remove("client.rs", "polyai_client_proxy");
    sources.is_refused(
        &[
            "SONAME: BREAKS programs, and was released\n    `libpolyai_chat.so.1` has become `libpolyai_chat.so.2`\n    mend: leave it",
            "POLYAI_ABI_OLDEST: BREAKS programs, and was released\n    it was 1, and is 2\n",
            "polyai_client_proxy: BREAKS programs",
            "abi --begin` begins tests/abi/baseline anew",
        ],
        Abidiff,
    );
    sources.run(&["abi", "--accept-additions"]).unwrap_err();
    sources.run(&["abi", "--begin"]).unwrap();
    let report = sources.gate().unwrap();
    says(&report, &["as it was accepted: libpolyai_chat.so.2"]);
    assert!(!sources.first_header().contains("polyai_client_proxy"));
    assert!(!sources.path("tests/abi/baseline/frozen").exists());
}

#[test]
fn others_are_asked_for_their_opinion_of_the_header() {
    if !has_abidiff() {
        return;
    }
    let header = "include/polyai_chat.h";
    for (path, from, to, said) in [
        (
            header,
            "size_t polyai_live_handles(void)",
            "uint8_t polyai_live_handles(void)",
            "abidiff sees a break that we do not:\n",
        ),
        (
            header,
            "#define POLYAI_STATE_CLOSED 4u",
            "#define POLYAI_STATE_CLOSED 5u",
            "The preprocessor sees a break that we do not: POLYAI_STATE_CLOSED.\n",
        ),
        (
            "include/polyai_chat.json",
            "\"name\": \"polyai_live_handles\"",
            "\"name\": \"polyai_alive\"",
            "abidiff sees no break of types, and we do.\n",
        ),
        (
            "include/polyai_chat.json",
            "\"name\": \"POLYAI_STATE_CLOSED\"",
            "\"name\": \"POLYAI_STATE_SHUT\"",
            "The preprocessor sees no break of POLYAI_STATE_CLOSED, and we do.\n",
        ),
    ] {
        let sources = Sources::copy();
        edit(&sources.path(path), from, to);
        says(&sources.gate_as_it_is().unwrap_err(), &[said]);
    }
}

#[test]
fn the_committed_abi_is_accepted() {
    let abidiff = has_abidiff();
    let report = if abidiff {
        xtask(&["abi", "--with-abidiff"])
    } else {
        xtask(&["abi"])
    };
    report.unwrap();
}
