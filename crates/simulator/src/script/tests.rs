use super::{Reply, Scene, Script, ScriptError};
use serde_json::{Map, json};

const TOP: &str = "greeting = \"Hi\"\ndefault_reply = \"What?\"\n";

fn say(script: &Script, message: Option<&str>) -> super::Saying {
    let attributes = Map::from_iter([("name".to_owned(), json!("Ada"))]);
    let reply = script.answer(
        &mut None,
        message,
        &Scene {
            message: message.unwrap_or_default(),
            turn: 3,
            conversation_id: "c",
            variant_id: "",
            attributes: &attributes,
            captures: None,
        },
    );
    let Reply::Said(saying) = reply else {
        panic!("{reply:?}");
    };
    saying
}

fn script(rules: &str) -> Script {
    Script::parse(&format!("{TOP}{rules}"), "test.toml").unwrap()
}

#[track_caller]
fn refused(rules: &str, line: usize, words: &[&str]) {
    let error = Script::parse(&format!("{TOP}{rules}"), "test.toml").unwrap_err();
    let ScriptError::Invalid { line: found, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*found, line, "{error}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("test.toml:{line}:")), "{text}");
    for word in words {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn the_built_in_script_is_valid() {
    let script = Script::parse(Script::built_in_text(), "built_in.toml").unwrap();
    assert!(!script.rules.is_empty());
    assert_eq!(Script::built_in().rules.len(), script.rules.len());
}

#[test]
fn the_built_in_agent_ends_on_a_goodbye_only() {
    let script = Script::built_in();
    for goodbye in [
        "bye",
        "Goodbye!",
        "Thanks, bye.",
        "ok great, thank you very much, good bye",
        "No, that's all, thanks. Bye!",
        "That is all for now. See you later",
    ] {
        let saying = say(&script, Some(goodbye));
        assert!(saying.end && saying.handoff.is_none(), "{goodbye}");
    }
    for other in [
        "Do you know about bye-laws?",
        "Before I say goodbye, where is my refund?",
        "thanks",
        "that's all wrong",
        "I want to close my account",
        "Bye bye money, you charged me twice",
    ] {
        assert!(!say(&script, Some(other)).end, "{other}");
    }
}

#[test]
fn the_built_in_agent_hands_off_to_a_human_on_request_only() {
    let script = Script::built_in();
    for request in [
        "human",
        "agent please",
        "I want to speak to a human",
        "Can I talk to a real person, please?",
        "Please put me through to an advisor.",
        "could you transfer me to your representative now",
        "I'd like to speak with someone real",
        "Hello, I need a human being",
        "get me a colleague",
    ] {
        let saying = say(&script, Some(request));
        assert!(saying.handoff.is_some() && !saying.end, "{request}");
    }
    for other in [
        "The person I sent money to hasn't gotten it yet!",
        "Someone stole my card!",
        "I want to change my personal details.",
        "Is there an agent's fee?",
        "I don't remember this person at all",
        "Will a human read my complaint?",
    ] {
        assert!(say(&script, Some(other)).handoff.is_none(), "{other}");
    }
}

#[test]
fn rules_are_tried_in_order_and_fill_in_what_they_caught() {
    let script = script(
        r#"
        delay_ms = 7
        [[rules]]
        pattern = 'order (?<order>\d+)(?: from (\w+))?'
        reply = "{order}, {2|nobody}, {attribute.name}, {attribute.none|?}, {message}, {turn}, {{}}"
        delay_ms = 9
        [[rules]]
        pattern = 'ORDER'
        case_sensitive = true
        reply = "shouted"
        [[rules]]
        message = "absent"
        reply = "silence"
        [[rules]]
        message = "empty"
        reply = "nothing"
        end = true
        handoff = { destination = "desk", text_chat = { zendesk = { } } }
        "#,
    );
    let saying = say(&script, Some("ORDER 12 from Bob"));
    assert_eq!(saying.text, "12, Bob, Ada, ?, ORDER 12 from Bob, 3, {}");
    assert_eq!(saying.delay.as_millis(), 9);
    assert!(say(&script, Some("order 5")).text.starts_with("5, nobody"));
    assert_eq!(say(&script, Some("my order")).text, "What?");
    assert_eq!(say(&script, Some("my ORDER")).text, "shouted");
    assert_eq!(say(&script, Some("my ORDER")).delay.as_millis(), 7);
    assert_eq!(say(&script, None).text, "silence");
    let empty = say(&script, Some(""));
    assert!(empty.end);
    assert_eq!(
        empty.handoff,
        Some(json!({"destination": "desk", "text_chat": {"zendesk": {}}}))
    );
}

#[test]
fn a_pattern_that_matches_nothing_is_no_absent_message() {
    let script = script("[[rules]]\npattern = '.*'\nreply = \"any\"\n");
    assert_eq!(say(&script, Some("")).text, "any");
    assert_eq!(say(&script, None).text, "What?");
}

#[test]
fn errors_name_the_line_and_the_remedy() {
    refused(
        "[[rules]]\npatern = 'a'\nreply = 'b'\n",
        4,
        &["unknown field `patern`", "did you mean `pattern`?"],
    );
    refused(
        "[[rules]]\nreply = 'b'\npattern = 'a('\n",
        5,
        &["not a regular expression", "unclosed group"],
    );
    refused("[[rules]]\nreply = 'b'\n", 3, &["needs `pattern`"]);
    refused(
        "[[rules]]\nreply = 'b'\nmessage = 'empty'\npattern = 'x'\n",
        6,
        &["only one"],
    );
    refused(
        "[[rules]]\npattern = '(?<one>a)(b)'\nreply = '{two}'\n",
        5,
        &["`{two}` is unknown", "`{one}`, `{2}`", "`{message}`"],
    );
    refused(
        "[[rules]]\npattern = 'a'\nreply = 'open {message'\n",
        5,
        &["not closed"],
    );
    refused(
        "[[rules]]\npattern = 'a'\nreply = 'x}'\n",
        5,
        &["not opened"],
    );
    refused(
        "[[rules]]\npattern = 'a'\nreply = 5\n",
        5,
        &["expected a string"],
    );
    refused(
        "[[greetings]]\ntext = 'hello'\n",
        4,
        &["`variant_id` or `attributes`"],
    );
    refused("[[rules]\n", 3, &[]);
    refused(
        "[[rules]]\npattern = 'a'\nreply = 'b'\nhandoff = { on = [2026-01-01] }\n",
        3,
        &["`handoff`", "in quotes"],
    );
    refused("[[faults]]\naction = {}\n", 4, &["exactly one action"]);
    refused(
        "[[faults]]\nwhen.operation = 'respnd'\naction.answer.status = 503\n",
        4,
        &["did you mean `respond`?"],
    );
    refused(
        "[[faults]]\naction.reset.at = 'acept'\n",
        4,
        &["did you mean `accept`?"],
    );
    refused(
        "[[faults]]\nwhen.request = 2\naction.reset.at = 'accept'\n",
        3,
        &["`request` cannot select it"],
    );
    let error = Script::parse("greeting = 'x'", "test.toml").unwrap_err();
    assert!(error.to_string().contains("default_reply"), "{error}");
}

#[test]
fn a_script_of_faults_alone_leaves_the_talking_to_the_built_in_agent() {
    let text = "delay_ms = 5\n[[faults]]\naction.answer.status = 503\n";
    let script = Script::parse(text, "faults.toml").unwrap();
    assert_eq!(script.faults().len(), 1);
    let saying = say(&script, Some("order 4711"));
    assert!(saying.text.contains("4711"));
    assert_eq!(saying.delay.as_millis(), 5);
    let error = Script::parse("default_reply = 'x'", "test.toml").unwrap_err();
    assert!(
        error.to_string().contains("`greeting` is missing"),
        "{error}"
    );
}

/// What users read must work as it stands.
#[test]
fn every_script_in_the_documentation_is_valid() {
    let page = include_str!("../../../../docs/simulator.md");
    let mut blocks = 0;
    for block in page.split("```toml\n").skip(1) {
        let text = block.split("```").next().unwrap();
        Script::parse(text, "docs/simulator.md").unwrap();
        blocks += 1;
    }
    assert!(blocks > 1);
}

#[test]
fn a_missing_file_is_named() {
    let error = Script::from_file("/nowhere/agent.toml").unwrap_err();
    assert!(error.to_string().contains("/nowhere/agent.toml"));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), TOP).unwrap();
    Script::from_file(file.path()).unwrap();
}

/// What a scripted conversation answers to these messages in turn.
fn replies(text: &str, messages: &[Option<&str>]) -> Vec<Reply> {
    let script = Script::parse(text, "test.toml").unwrap();
    let nothing = Map::new();
    let super::Opening::Greeted { mut place, .. } = script.open(0, None, &nothing, "c") else {
        panic!("no conversation begins");
    };
    let answer = |message: &Option<&str>| {
        script.answer(
            &mut place,
            *message,
            &Scene {
                message: message.unwrap_or_default(),
                turn: 1,
                conversation_id: "c",
                variant_id: "",
                attributes: &nothing,
                captures: None,
            },
        )
    };
    messages.iter().map(answer).collect()
}

fn words(reply: &Reply) -> &str {
    match reply {
        Reply::Said(saying) => &saying.text,
        Reply::Refused(why) => why,
        Reply::Answered(_) => "",
    }
}

const TALK: &str = r#"
    [[conversations]]
    greeting = "Hi"
    [[conversations.turns]]
    message = "one"
    reply = "first: {message}"
    [[conversations.turns]]
    no_message = true
    reply = "second"
"#;

#[test]
fn scripted_turns_come_in_order_and_then_the_rules() {
    let said = replies(TALK, &[Some("else"), Some("one"), Some("more")]);
    assert_eq!(words(&said[0]), "first: else");
    assert_eq!(words(&said[1]), "second");
    assert!(
        matches!(&said[2], Reply::Refused(why) if why.contains("Conversation 1 in the script has no turn after its turn 2")),
        "{:?}",
        said[2]
    );
    let text = format!("default_reply = \"D\"\n[[rules]]\npattern = 'rule'\nreply = \"R\"\n{TALK}");
    let said = replies(
        &text,
        &[Some("rule"), Some("rule"), Some("rule"), Some("x")],
    );
    let words: Vec<_> = said.iter().map(words).collect();
    assert_eq!(words, ["first: rule", "second", "R", "D"]);
}

#[test]
fn a_strict_script_refuses_what_it_does_not_expect_and_stays_where_it_is() {
    let said = replies(
        &format!("strict = true\n{TALK}"),
        &[Some("else"), None, Some("one"), Some(""), None],
    );
    assert_eq!(
        words(&said[0]),
        r#"Turn 1 of conversation 1 in the script is the message "one", not the message "else""#
    );
    assert_eq!(
        words(&said[1]),
        r#"Turn 1 of conversation 1 in the script is the message "one", not one without a message"#
    );
    assert_eq!(words(&said[2]), "first: one");
    assert!(words(&said[3]).ends_with(r#"is one without a message, not the message """#));
    assert_eq!(words(&said[4]), "second");
    let anything =
        "strict = true\n[[conversations]]\ngreeting = 'a'\n[[conversations.turns]]\nreply = 'b'\n";
    assert_eq!(words(&replies(anything, &[None])[0]), "b");
}

#[test]
fn an_answer_counts_as_often_as_it_is_meant() {
    let text = "[[conversations]]\ngreeting = 'a'\n[[conversations.turns]]\nanswer.status = 503\ntimes = 2\n\
                [[conversations.turns]]\nreply = 'b'\n";
    let said = replies(text, &[None, None, None]);
    assert!(matches!(&said[0], Reply::Answered(answer) if answer.status == 503));
    assert!(matches!(said[1], Reply::Answered(_)));
    assert_eq!(words(&said[2]), "b");
}

#[test]
fn errors_in_conversations_name_the_line_and_the_remedy() {
    let refused = |text: &str, line: usize, word: &str| {
        let error = Script::parse(text, "test.toml").unwrap_err().to_string();
        assert!(error.starts_with(&format!("test.toml:{line}:")), "{error}");
        assert!(error.contains(word), "{error}");
    };
    let turn = |lines: &str| {
        format!("[[conversations]]\ngreeting = 'a'\n[[conversations.turns]]\n{lines}\n")
    };
    refused("[[conversations]]\n", 1, "needs `greeting`");
    refused(
        "[[conversations]]\ngreting = 'a'\n",
        2,
        "did you mean `greeting`?",
    );
    refused(
        "[[conversations]]\ngreeting = '{nobody}'\n",
        2,
        "`{nobody}` is unknown",
    );
    refused(
        "[[conversations]]\ngreeting = 'a'\nanswer.status = 503\n",
        1,
        "keep one",
    );
    refused(
        "[[conversations]]\nanswer.status = 7\n",
        1,
        "not from 200 to 999",
    );
    refused(
        "[[conversations]]\ngreeting = 'a'\ntimes = 2\n",
        1,
        "`times` is for `answer` only",
    );
    refused(
        "[[conversations]]\nanswer.status = 503\n[[conversations.turns]]\nreply = 'b'\n",
        1,
        "no `turns`",
    );
    refused("strict = true\n", 1, "there are none");
    refused("dialect = 'modern'\n", 1, "`current` or `legacy`");
    refused(&turn(""), 3, "needs `reply`");
    refused(&turn("repl = 'b'"), 4, "did you mean `reply`?");
    refused(
        &turn("reply = 'b'\nmessage = 'a'\nno_message = true"),
        3,
        "keep one",
    );
    refused(&turn("reply = 'b'\nanswer.status = 503"), 3, "keep one");
    refused(
        &turn("answer.status = 503\nend = true"),
        3,
        "beside `answer`",
    );
    refused(
        &turn("answer.status = 503\ntimes = 0"),
        3,
        "not from 1 to 1000",
    );
    refused(
        &turn("answer = { status = 503, processed = true }"),
        3,
        "is for faults",
    );
    refused(
        &turn("reply = 'b'\nfields = { response = 1 }"),
        3,
        "cannot hold `response`",
    );
    refused(
        &turn("reply = 'b'\nfields_json = '[]'"),
        3,
        "must be a JSON object",
    );
    refused(
        &turn("reply = 'b'\nhandoff_json = 'x'"),
        5,
        "`handoff_json` is not JSON",
    );
    refused(&turn("reply = 'b'\nhandoff_json = 'null'"), 3, "no handoff");
    refused(
        &turn("reply = 'b'\nhandoff = {}\nhandoff_json = '{}'"),
        3,
        "keep one",
    );
    refused(
        &turn("reply = 'b'\nhandoff.on = 2026-01-01"),
        3,
        "in quotes",
    );
    refused(
        &turn("reply = 'b'\nend = true\n[[conversations.turns]]\nreply = 'c'"),
        6,
        "can never come",
    );
}

#[test]
fn a_recording_says_exactly_what_was_said() {
    let texts = [
        "plain",
        "",
        "{message} {{}} }",
        "\"quoted\" 'single' '''three''' \"\"\" \\ \\u0041",
        "two\nlines\r\nand a tab\t",
        "\u{0}\u{1b}[2J\u{7f}\u{85}\u{feff}",
        "Grüß Gott, 請問, 😀, e\u{301}",
    ];
    let handoffs = [
        json!({"destination": "desk", "reason": null}),
        json!({"big": u64::MAX, "half": 0.5, "list": [1, "a", {"b": []}], "$__toml_private_datetime": "2026-01-01"}),
        json!({"$__toml_private_datetime": "2026-01-01"}),
        json!("queue"),
        json!({"a b.c": {"\"": "\n"}, "n": -3, "f": 1.0, "e": 1e300}),
    ];
    let mut recorder = super::ScriptRecorder::new(crate::Dialect::Legacy);
    let mut file = recorder.greeting(texts[2], &Map::new(), std::time::Duration::from_millis(3));
    let (mut messages, mut expected) = (Vec::new(), Vec::new());
    for (text, handoff) in texts
        .iter()
        .zip(handoffs.iter().map(Some).chain([None, None]))
    {
        let fields = Map::from_iter([("locale".to_owned(), json!([text]))]);
        file += &recorder.turn(
            Some(text),
            &super::RecordedReply {
                response: text,
                end_conversation: text.starts_with("Grüß"),
                handoff,
                fields: &fields,
                delay: std::time::Duration::from_micros(1_500),
            },
        );
        // It is a script after every turn.
        Script::parse(&file, "recording.toml").unwrap_or_else(|error| panic!("{error}:\n{file}"));
        messages.push(Some(*text));
        expected.push(Reply::Said(super::Saying {
            text: (*text).to_owned(),
            end: text.starts_with("Grüß"),
            handoff: handoff.cloned(),
            fields,
            delay: std::time::Duration::from_millis(1),
        }));
    }
    let script = Script::parse(&file, "recording.toml").unwrap();
    assert_eq!(script.dialect(), Some(crate::Dialect::Legacy));
    assert!(
        matches!(script.open(0, None, &Map::new(), "c"), super::Opening::Greeted { text, .. } if text == texts[2])
    );
    let strictly = format!("strict = true\n{file}");
    assert_eq!(replies(&strictly, &messages), expected);
}
