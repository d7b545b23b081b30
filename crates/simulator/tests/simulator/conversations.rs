//! Conversations that are scripted turn by turn.

use crate::client::{Client, turn};
use polyai_chat_simulator::{Dialect, Operation, Script, Simulator};
use serde_json::json;

fn simulator(script: &str) -> Simulator {
    let script = Script::parse(script, "test.toml").unwrap();
    Simulator::builder().script(script).start().unwrap()
}

const TWO: &str = r#"
[[conversations]]
greeting = "Hello"
fields = { locale = "en" }
[[conversations.turns]]
message = "Where is my order?"
reply = "On its way, {attribute.name|customer}."
fields = { confidence = 0.5 }
handoff_json = '{"destination": "desk", "reason": null}'
[[conversations.turns]]
message = "Goodbye"
reply = "Goodbye!"
end = true

[[conversations]]
greeting = "Hello once more"
"#;

#[test]
fn every_create_begins_the_next_conversation_and_after_the_last_the_first_one_again() {
    let simulator = simulator(TWO);
    let mut client = Client::connect(&simulator);
    let mut greeting = || client.post(&simulator, "create", "{}").field("response");
    assert_eq!(greeting(), "Hello");
    assert_eq!(greeting(), "Hello once more");
    assert_eq!(greeting(), "Hello");
    simulator.clear();
    assert_eq!(greeting(), "Hello", "clear begins from the beginning");
}

#[test]
fn turns_have_all_that_was_scripted_and_the_conversation_ends_as_it_did() {
    let simulator = simulator(TWO);
    let mut client = Client::connect(&simulator);
    let created = client.post(
        &simulator,
        "create",
        r#"{"integration_attributes": {"name": "Ada"}}"#,
    );
    let id = created.field("conversation_id");
    assert_eq!(
        created.json(),
        json!({"conversation_id": id, "response": "Hello", "locale": "en"})
    );
    assert_eq!(
        client.say(&simulator, &id, "anything").json(),
        json!({
            "conversation_id": id, "response": "On its way, Ada.", "end_conversation": false, "confidence": 0.5,
            "handoff": {"destination": "desk", "reason": null},
        })
    );
    let last = client.say(&simulator, &id, "Goodbye").json();
    assert_eq!(last["end_conversation"], true);
    assert_eq!(client.say(&simulator, &id, "still there?").status, 410);
    let record = simulator.conversation(&id).unwrap();
    assert_eq!((record.turns, record.ended), (2, true));
    assert_eq!(record.replies, ["On its way, Ada.", "Goodbye!"]);
}

#[test]
fn conversations_at_the_same_time_do_not_mix() {
    let simulator = simulator(TWO);
    let mut client = Client::connect(&simulator);
    let first = client.create(&simulator);
    client.create(&simulator);
    let third = client.create(&simulator);
    client.say(&simulator, &first, "x");
    assert!(
        client
            .say(&simulator, &third, "x")
            .field("response")
            .starts_with("On its way")
    );
    assert_eq!(
        client.say(&simulator, &first, "x").field("response"),
        "Goodbye!"
    );
}

#[test]
fn what_a_strict_script_does_not_expect_is_refused_and_no_turn() {
    let simulator = simulator(&format!("strict = true\n{TWO}"));
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    for body in [
        turn(&id, "where is my order?"),
        json!({"conversation_id": id}).to_string(),
    ] {
        let refused = client.post(&simulator, "respond", &body);
        assert_eq!(refused.status, 422);
        assert_eq!(refused.field("error_code"), "SIMULATOR_OFF_SCRIPT");
        let words = refused.field("error_message");
        assert!(
            words.contains(r#"is the message "Where is my order?""#),
            "{words}"
        );
    }
    assert_eq!(simulator.conversation(&id).unwrap().turns, 0);
    assert_eq!(simulator.counts().turns, 0);
    assert_eq!(
        client.say(&simulator, &id, "Where is my order?").status,
        200
    );
    let second = client.create(&simulator);
    let over = client.say(&simulator, &second, "more");
    assert_eq!(
        (over.status, over.field("error_code").as_str()),
        (422, "SIMULATOR_OFF_SCRIPT")
    );
    assert!(
        over.field("error_message")
            .contains("Conversation 2 in the script has no turn")
    );
}

#[test]
fn errors_of_the_service_are_answered_where_they_were() {
    let simulator = simulator(
        r#"
        [[conversations]]
        answer = { status = 503, error_code = "BUSY" }
        times = 2

        [[conversations]]
        greeting = "Hello"
        [[conversations.turns]]
        answer = { status = 429, retry_after.seconds = 7, body.text = "" }
        [[conversations.turns]]
        reply = "Now."
        "#,
    );
    let mut client = Client::connect(&simulator);
    for _ in 0..2 {
        let refused = client.post(&simulator, "create", "{}");
        assert_eq!(
            (refused.status, refused.field("error_code").as_str()),
            (503, "BUSY")
        );
    }
    assert_eq!(simulator.conversations().len(), 0);
    let id = client.create(&simulator);
    let refused = client.say(&simulator, &id, "x");
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("7"))
    );
    assert_eq!(refused.body, b"");
    assert_eq!(simulator.conversation(&id).unwrap().turns, 0);
    assert_eq!(client.say(&simulator, &id, "x").field("response"), "Now.");
    assert_eq!(simulator.requests_to(Operation::Respond), 2);
}

#[test]
fn a_script_says_its_dialect_and_the_builder_has_the_last_word() {
    let script = Script::parse("dialect = 'legacy'\n", "test.toml").unwrap();
    let builder = Simulator::builder().script(script);
    let simulator = builder.clone().start().unwrap();
    assert_eq!(simulator.dialect(), Dialect::Legacy);
    assert!(
        Client::connect(&simulator)
            .post(
                &simulator,
                "create",
                r#"{"user_id": "u", "message": "", "metadata": {}}"#
            )
            .field("conversation_id")
            .starts_with("WEBCHAT_")
    );
    let simulator = builder.dialect(Dialect::Current).start().unwrap();
    assert_eq!(simulator.dialect(), Dialect::Current);
}
