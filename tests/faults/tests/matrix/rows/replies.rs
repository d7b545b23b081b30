//! Replies with a status of 2xx.

use crate::expectation::{Expectation, fails, succeeds};
use crate::row::{Row, Trouble};
use polyai_chat_core::Delivery::Unknown;
use polyai_chat_core::ErrorKind::Protocol;
use polyai_chat_core::Operation;
use polyai_chat_simulator::{Action, Answer, AnswerBody, Dialect};
use serde_json::json;

fn always(words: &str, action: impl Into<Action>) -> Row {
    Row::new(words, Trouble::Always(vec![action.into()]))
}

fn unknown() -> Expectation {
    fails(Protocol, Unknown).taken()
}

pub(super) fn unreadable() -> Vec<Row> {
    let cannot_be_read = |words: &str, action: Action| {
        always(words, action)
            .turn(unknown())
            .close(unknown().requests(3))
    };
    let body = |words: &str, content_type: &str, body: AnswerBody| {
        cannot_be_read(
            words,
            Answer::status(200)
                .body(content_type, body)
                .processed()
                .into(),
        )
    };
    let text = |words: &str| AnswerBody::Text(words.to_owned());
    vec![
        cannot_be_read(
            "something that is not HTTP",
            Action::Garbage {
                text: "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
            },
        ),
        body("200 with a page", "text/html", text("<html>Sign in</html>")),
        body("200 with an empty body", "application/json", text("")),
        cannot_be_read(
            "204",
            Answer::status(204).body("", text("")).processed().into(),
        ),
        body("200 with a JSON array", "application/json", text("[1]")),
        body(
            "200 with half of the JSON",
            "application/json",
            text("{\"response\": \"ha"),
        ),
        body(
            "200 with bytes that are not UTF-8",
            "application/json",
            AnswerBody::Bytes(b"{\"success\": true, \"response\": \"\xff\"}".to_vec()),
        ),
        body(
            "200 with a body above `max_body_bytes`",
            "application/json",
            AnswerBody::Filler(100_000),
        )
        .option("max_body_bytes", "50000"),
        cannot_be_read(
            "200 with headers above `max_header_bytes`",
            Action::long_head(100_000),
        ),
        cannot_be_read(
            "200 without its required field",
            Action::altered(json!({}), &["response", "success"]),
        ),
        cannot_be_read(
            "200 with a required field of another type",
            Action::altered(json!({"response": 7, "success": "yes"}), &[]),
        ),
        cannot_be_read(
            "200 with `null` for a required field",
            Action::altered(json!({"response": null, "success": null}), &[]),
        ),
        always(
            "200 with the id of another conversation",
            Action::altered(json!({"conversation_id": "of-somebody-else"}), &[]),
        )
        .only(Operation::Respond, Dialect::Current)
        .turn(unknown()),
        always(
            "200 without the id of the new conversation",
            Action::altered(json!({}), &["conversation_id"]),
        )
        .only(Operation::Create, Dialect::Current)
        .turn(unknown()),
        cannot_be_read(
            "200 that has 5 bytes more than it promises",
            Action::WrongLength { by: -5 },
        ),
    ]
}

pub(super) fn readable() -> Vec<Row> {
    vec![
        always(
            "200 with unknown fields",
            Action::altered(json!({"mood": ["never", {"seen": "before"}]}), &[]),
        )
        .any(succeeds()),
        always(
            "200, and then bytes that belong to no reply",
            Action::Surplus {
                text: "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"response\":\"wrong\"}"
                    .to_owned(),
            },
        )
        .any(succeeds()),
        always(
            "200 with 50,000 bytes of headers",
            Action::long_head(50_000),
        )
        .any(succeeds()),
    ]
}
