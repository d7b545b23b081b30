use super::{Scene, Script, ScriptError};
use serde_json::{Map, json};

const TOP: &str = "greeting = \"Hi\"\ndefault_reply = \"What?\"\n";

fn say(script: &Script, message: Option<&str>) -> super::Saying {
    let attributes = Map::from_iter([("name".to_owned(), json!("Ada"))]);
    script.answer(
        message,
        &Scene {
            message: message.unwrap_or_default(),
            turn: 3,
            conversation_id: "c",
            variant_id: "",
            attributes: &attributes,
            captures: None,
        },
    )
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
