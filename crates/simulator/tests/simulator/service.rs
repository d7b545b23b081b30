//! What the service answers.

use crate::client::{Client, path, raw, request, turn};
use polyai_chat_simulator::{Dialect, EndedCode, Script, Simulator, UnknownConversation};
use serde_json::json;
use std::time::Duration;

fn current() -> Simulator {
    Simulator::builder().start().unwrap()
}

fn legacy() -> Simulator {
    Simulator::builder()
        .dialect(Dialect::Legacy)
        .start()
        .unwrap()
}

#[test]
fn a_conversation_from_create_to_close() {
    let simulator = current();
    let mut client = Client::connect(&simulator);
    let created = client.post(
        &simulator,
        "create",
        r#"{"integration_attributes":{"customer_name":"Ada"},"channel":"webchat","later":1}"#,
    );
    assert_eq!(created.status, 200);
    assert!(created.field("response").starts_with("Hello Ada"));
    let id = created.field("conversation_id");

    let reply = client.say(&simulator, &id, "Where is order AB-12345?");
    assert_eq!(reply.status, 200);
    assert!(reply.field("response").contains("AB-12345"));
    assert_eq!(reply.json()["conversation_id"], json!(id));
    assert_eq!(reply.json()["end_conversation"], json!(false));
    assert!(reply.json().get("handoff").is_none());

    let reply = client.say(&simulator, &id, "I want to speak to a human, please.");
    assert_eq!(
        reply.json()["handoff"],
        json!({"destination": "returns-desk", "reason": "customer_request"})
    );

    let closed = client.post(&simulator, "close", &turn(&id, "ignored"));
    assert_eq!(
        (closed.status, closed.json()),
        (200, json!({"success": true}))
    );
    let again = client.post(&simulator, "close", &turn(&id, "ignored"));
    assert_eq!(again.status, 200);
    let late = client.say(&simulator, &id, "hello?");
    assert_eq!(late.status, 410);
    assert_eq!(late.field("error_code"), "CHAT_CONVERSATION_ENDED");

    let record = simulator.conversation(&id).unwrap();
    assert_eq!(
        (record.turns, record.closed, record.ended),
        (2, true, false)
    );
    assert_eq!(record.last_status, Some(410));
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn a_goodbye_ends_it() {
    let simulator = Simulator::builder()
        .ended_code(EndedCode::CamelCase)
        .start()
        .unwrap();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    let reply = client.say(&simulator, &id, "No, that's all, thanks. Bye!");
    assert_eq!(reply.json()["end_conversation"], json!(true));
    for operation in ["respond", "close"] {
        let late = client.post(&simulator, operation, &turn(&id, "x"));
        assert_eq!(late.status, 410);
        assert_eq!(late.field("error_code"), "ChatConversationEnded");
    }
    assert!(simulator.conversation(&id).unwrap().ended);
}

#[test]
fn an_absent_and_an_empty_message_differ() {
    let simulator = current();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    let absent = client.post(
        &simulator,
        "respond",
        &json!({"conversation_id": id}).to_string(),
    );
    let empty = client.say(&simulator, &id, "");
    assert!(absent.field("response").contains("still there"));
    assert!(empty.field("response").contains("did not catch"));
    let messages = simulator.conversation(&id).unwrap().messages;
    assert_eq!(messages, [None, Some(String::new())]);
}

#[test]
fn the_legacy_dialect_has_its_own_headers_fields_and_ids() {
    let simulator = legacy();
    let mut client = Client::connect(&simulator);
    let created = client.post(
        &simulator,
        "create",
        r#"{"user_id":"u","message":"","metadata":{"customer_name":"Ada"}}"#,
    );
    assert_eq!(created.status, 200);
    assert!(created.field("response").starts_with("Hello Ada"));
    let id = created.field("conversation_id");
    let digits = id.strip_prefix("WEBCHAT_").unwrap();
    assert!(digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));

    let reply = client.say(&simulator, &id, "Let me talk to a human");
    let fields: Vec<String> = reply.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["response"]);
    assert_eq!(
        client.say(&simulator, &id, "bye").json()["end_conversation"],
        json!(true)
    );
    assert_eq!(client.post(&simulator, "close", &turn(&id, "")).status, 404);

    for (body, field) in [
        ("{}", "user_id"),
        (r#"{"user_id":"u","metadata":{}}"#, "message"),
        (r#"{"user_id":"u","message":""}"#, "metadata"),
    ] {
        let refused = client.post(&simulator, "create", body);
        assert_eq!(refused.status, 400);
        assert!(refused.field("error_message").contains(field));
    }
    let refused = client.post(
        &simulator,
        "respond",
        &json!({"conversation_id": id}).to_string(),
    );
    assert!(
        refused
            .field("error_message")
            .contains("`message` is required")
    );
}

#[test]
fn keys_and_the_case_of_headers_are_checked() {
    let simulator = current();
    let mut client = Client::connect(&simulator);
    let target = path(&simulator, "create");
    let json_type = ("Content-Type", "application/json");
    let (key, token) = (
        ("X-API-KEY", "simulator-key"),
        ("X-TOKEN", "simulator-token"),
    );
    for (headers, code, words) in [
        (
            vec![token, json_type],
            "AUTH_USER_NOT_FOUND",
            "`X-API-KEY` is missing",
        ),
        (
            vec![("X-API-KEY", "wrong"), token, json_type],
            "AUTH_USER_NOT_FOUND",
            "not known",
        ),
        (
            vec![key, json_type],
            "AUTH_USER_INVALID_TOKEN",
            "`X-TOKEN` is missing",
        ),
        (
            vec![key, ("X-TOKEN", "wrong"), json_type],
            "AUTH_USER_INVALID_TOKEN",
            "not valid",
        ),
        (
            vec![("x-api-key", "simulator-key"), token, json_type],
            "AUTH_USER_UNAUTHORISED",
            "`x-api-key` must be spelled `X-API-KEY`",
        ),
        (
            vec![key, ("X-Token", "simulator-token"), json_type],
            "AUTH_USER_UNAUTHORISED",
            "`X-Token` must be spelled `X-TOKEN`",
        ),
    ] {
        client.send(raw("POST", &target, &headers, "{}"));
        let reply = client.reply().unwrap();
        assert_eq!(
            (reply.status, reply.field("error_code")),
            (401, code.to_owned())
        );
        assert!(reply.field("error_message").contains(words), "{reply:?}");
    }
    for headers in [
        vec![key, token],
        vec![key, token, ("content-type", "application/json")],
        vec![key, token, ("Content-Type", "text/plain")],
    ] {
        client.send(raw("POST", &target, &headers, "{}"));
        let reply = client.reply().unwrap();
        assert_eq!(reply.status, 400);
        assert!(reply.field("error_message").contains("Content-Type"));
    }
    client.send(raw(
        "POST",
        &target,
        &[
            key,
            token,
            ("Content-Type", "application/json; charset=utf-8"),
        ],
        "{}",
    ));
    assert_eq!(client.reply().unwrap().status, 200);
    assert!(simulator.conversations().len() == 1);

    simulator.replace_credentials("new-key", "new-token");
    client.send(raw("POST", &target, &[key, token, json_type], "{}"));
    assert_eq!(client.reply().unwrap().status, 401);
}

#[test]
fn paths_and_methods_are_checked() {
    let simulator = current();
    let mut client = Client::connect(&simulator);
    let right = request(&simulator, "create", "{}");
    for (from, to, status, code) in [
        ("POST", "PUT", 405, "METHOD_NOT_ALLOWED"),
        ("/v1/", "/v2/", 404, "NOT_FOUND"),
        ("simulator-account/", "other/", 404, "ACCOUNT_NOT_FOUND"),
        ("simulator-project/", "other/", 404, "PROJECT_NOT_FOUND"),
        ("/chat/create", "/chat/begin", 404, "NOT_FOUND"),
    ] {
        client.send(right.replacen(from, to, 1));
        let reply = client.reply().unwrap();
        assert_eq!(
            (reply.status, reply.field("error_code")),
            (status, code.to_owned())
        );
        assert_eq!(reply.json()["success"], json!(false));
        assert_eq!(reply.json()["data"], json!(null));
        if status == 405 {
            assert_eq!(reply.header("allow"), Some("POST"));
        }
    }
}

#[test]
fn bodies_are_checked() {
    let simulator = Simulator::builder().body_limit(1000).start().unwrap();
    let mut client = Client::connect(&simulator);
    for (operation, body, words) in [
        ("create", "{", "not JSON"),
        ("create", "[]", "an array"),
        (
            "create",
            r#"{"variant_id":5}"#,
            "`variant_id` must be a string, not a number",
        ),
        (
            "create",
            r#"{"integration_attributes":"x"}"#,
            "`integration_attributes` must be an object",
        ),
        ("respond", "", "not JSON"),
        (
            "respond",
            r#"{"message":"hi"}"#,
            "`conversation_id` is required",
        ),
        (
            "respond",
            r#"{"conversation_id":"x","message":null}"#,
            "`message` must be a string, not null",
        ),
        ("close", "{}", "`conversation_id` is required"),
    ] {
        let reply = client.post(&simulator, operation, body);
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.field("error_code"), "SCHEMA_VALIDATION_FAILED");
        assert!(reply.field("error_message").contains(words), "{reply:?}");
    }
    assert_eq!(client.post(&simulator, "create", "").status, 200);

    let large = client.post(&simulator, "create", &"x".repeat(1001));
    assert_eq!(large.status, 413);
    assert_eq!(large.header("connection"), Some("close"));
    assert!(client.rest().unwrap().is_empty());
}

#[test]
fn unknown_conversations_are_not_found_or_gone() {
    let simulator = current();
    let mut client = Client::connect(&simulator);
    let reply = client.say(&simulator, "nobody", "hi");
    assert_eq!(
        (reply.status, reply.field("error_code")),
        (404, "CONVERSATIONS_NOT_FOUND".to_owned())
    );
    let simulator = Simulator::builder()
        .unknown_conversation(UnknownConversation::Gone)
        .start()
        .unwrap();
    let mut client = Client::connect(&simulator);
    assert_eq!(client.say(&simulator, "nobody", "hi").status, 410);
}

#[test]
fn an_idle_conversation_times_out() {
    let simulator = Simulator::builder()
        .idle_limit(Duration::ZERO)
        .start()
        .unwrap();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    for operation in ["respond", "close"] {
        let reply = client.post(&simulator, operation, &turn(&id, "hi"));
        assert_eq!(
            (reply.status, reply.field("error_code")),
            (400, "CHAT_TIMEOUT".to_owned())
        );
    }
    assert!(simulator.conversation(&id).unwrap().timed_out);

    let simulator = current();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    assert!(simulator.time_out_conversation(&id));
    assert_eq!(client.say(&simulator, &id, "hi").status, 400);
    let id = client.create(&simulator);
    assert!(simulator.end_conversation(&id));
    assert_eq!(client.say(&simulator, &id, "hi").status, 410);
    assert!(!simulator.end_conversation("nobody"));
}

#[test]
fn every_reply_carries_the_correlation_id_and_says_who_answers() {
    let simulator = current();
    let mut client = Client::connect(&simulator);
    for (headers, status) in [
        (vec![("X-PolyAI-Correlation-Id", "mine-1")], 401),
        (vec![("x-polyai-correlation-id", "mine-1")], 401),
        (vec![], 401),
    ] {
        let given = headers.first().map(|(_, id)| *id);
        client.send(raw("POST", &path(&simulator, "create"), &headers, "{}"));
        let reply = client.reply().unwrap();
        assert_eq!(reply.status, status);
        let id = reply.header("X-PolyAI-Correlation-Id").unwrap();
        assert_eq!(reply.field("error_id"), id);
        assert!(given.is_none_or(|given| given == id));
        assert_eq!(reply.header("server"), Some("polyai-chat-simulator"));
        assert_eq!(
            reply.header("x-simulator"),
            Some("simulator, no PolyAI service contacted")
        );
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert!(httpdate::parse_http_date(reply.header("date").unwrap()).is_ok());
    }
}

#[test]
fn greetings_follow_variant_and_attributes() {
    let script = Script::parse(
        r#"
        greeting = "plain"
        default_reply = "{variant_id}/{attribute.tier|none}/{turn}/{message}"
        [[greetings]]
        variant_id = "uk"
        attributes = { tier = "gold" }
        text = "uk gold"
        [[greetings]]
        variant_id = "uk"
        text = "uk"
        "#,
        "greetings.toml",
    )
    .unwrap();
    let simulator = Simulator::builder().script(script).start().unwrap();
    let mut client = Client::connect(&simulator);
    for (body, greeting, said) in [
        (json!({}), "plain", "/none/1/hi"),
        (json!({"variant_id": "uk"}), "uk", "uk/none/1/hi"),
        (
            json!({"variant_id": "uk", "integration_attributes": {"tier": "gold"}}),
            "uk gold",
            "uk/gold/1/hi",
        ),
        (
            json!({"variant_id": "us", "integration_attributes": {"tier": "gold"}}),
            "plain",
            "us/gold/1/hi",
        ),
    ] {
        let created = client.post(&simulator, "create", &body.to_string());
        assert_eq!(created.field("response"), greeting);
        let id = created.field("conversation_id");
        assert_eq!(client.say(&simulator, &id, "hi").field("response"), said);
    }
}
