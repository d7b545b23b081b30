//! An answer as JSON for other languages: nothing that came is lost, whatever its shape.
#![cfg(test)]

mod fixture;
mod raw;

use fixture::config;
use polyai_chat_core::{Client, Create, Reply, Value};
use serde_json::json;

fn answer(body: &str) -> Vec<u8> {
    let mut answer =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Odd: \xff\r\n".to_vec();
    answer.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes());
    answer
}

fn client(body: &str) -> (Client, raw::RawServer) {
    let server = raw::answering(answer(body));
    (Client::new(config(&server.url)).unwrap(), server)
}

fn reply(body: &str) -> Reply {
    let (client, _server) = client(body);
    client.attach("1").unwrap().respond("hello").unwrap()
}

/// The JSON as a value, which is the same by both ways.
fn same_by_both_ways(value: Value, text: &str) -> Value {
    assert_eq!(value.to_string().len(), text.len(), "{value}\n{text}");
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), value);
    value
}

fn of_reply(body: &str) -> Value {
    let reply = reply(body);
    same_by_both_ways(reply.to_json(), &reply.json_text())
}

#[test]
fn every_field_is_there_and_what_is_absent_is_null() {
    let body = r#"{"conversation_id": "1", "response": "Hello"}"#;
    let (client, _server) = client(body);
    let conversation = client.create(Create::new()).unwrap();
    let greeting = conversation.greeting();
    let json = same_by_both_ways(greeting.to_json(), &greeting.json_text());
    let expected = json!({
        "operation": "create",
        "response": "Hello",
        "conversation_id": "1",
        "user_id": null,
        "raw_json": body,
        "unknown_fields": {},
        "correlation_id": greeting.correlation_id(),
        "elapsed_us": u64::try_from(greeting.elapsed().as_micros()).unwrap(),
        "headers": [
            ["content-type", "application/json"],
            ["x-odd", [255]],
            ["content-length", body.len().to_string()],
        ],
    });
    assert_eq!(json, expected);
    let json = of_reply(r#"{"conversation_id": "1", "response": "a", "end_conversation": true}"#);
    assert_eq!(
        (
            &json["handoff"],
            &json["end_conversation"],
            &json["operation"]
        ),
        (&Value::Null, &json!(true), &json!("respond"))
    );
}

#[test]
fn numbers_keep_their_digits() {
    let numbers = r#"{"id": 89441100681234567890, "big": 1e999, "price": 1.50}"#;
    let json = of_reply(&format!(
        r#"{{"conversation_id": "1", "response": "a", "end_conversation": false, "handoff": {numbers}, "other": {numbers}}}"#
    ));
    for found in [&json["handoff"]["raw"], &json["unknown_fields"]["other"]] {
        let numbers: [String; 3] = ["id", "big", "price"].map(|name| found[name].to_string());
        assert_eq!(
            numbers,
            ["89441100681234567890", "1e+999", "1.50"],
            "{found}"
        );
    }
}

#[test]
fn a_known_field_is_known_however_it_is_written_and_of_two_unknown_ones_the_last_counts() {
    let json = of_reply(
        r#"{"conversation_id": "1", "respon\u0073e": "a", "end_conversation": false, "x\u0079z": 1, "xyz": 2}"#,
    );
    assert_eq!(json["response"], "a");
    assert_eq!(json["unknown_fields"], json!({"xyz": 2}));
}

#[test]
fn what_has_to_be_repaired_is_there_too() {
    let json = of_reply(
        "\u{feff}{\"conversation_id\": \"1\", \"response\": \"a\", \"end_conversation\": false, \"mood\": NaN, \"half\": \"\\ud83d\"}",
    );
    assert_eq!(json["response"], "a");
    assert_eq!(
        json["unknown_fields"],
        json!({"mood": null, "half": "\u{fffd}"})
    );
}
