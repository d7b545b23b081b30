//! What a gateway, a broken service or an attacker may answer, and what the caller is told.
#![cfg(test)]

mod fixture;
mod raw;

use fixture::{KEY, TOKEN, client, config, simulator};
use polyai_chat_core::{Client, ConversationState, Create, Delivery, Error, ErrorKind};
use polyai_chat_simulator::{Action, Answer, AnswerBody, Fault, Moment, Operation};
use serde_json::json;

/// Has one respond answered like this, and returns the error and whether the connection was used again.
fn after(action: impl Into<Action>) -> (Error, bool) {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    simulator
        .fail(Fault::new(action).on(Operation::Respond).once())
        .unwrap();
    let error = conversation
        .respond("a secret of the customer")
        .unwrap_err();
    assert_eq!(
        simulator.requests_to(Operation::Respond),
        1,
        "sent once: {error}"
    );
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(
            !text.contains("secret of the customer") && !text.contains("canary"),
            "{text}"
        );
    }
    let in_doubt =
        error.delivery() == Delivery::Unknown && error.kind() != ErrorKind::ConversationEnded;
    assert_eq!(
        conversation.state() == ConversationState::InDoubt,
        in_doubt,
        "{error}"
    );
    if !conversation.is_over() {
        assert_eq!(
            conversation.respond("again").unwrap().response(),
            "You said: again"
        );
        assert_eq!(conversation.state(), ConversationState::Open);
    }
    (error, simulator.connections() == 1)
}

fn body(content_type: &str, body: AnswerBody) -> Answer {
    Answer::status(200).body(content_type, body).processed()
}

fn text(words: &str) -> AnswerBody {
    AnswerBody::Text(words.to_owned())
}

#[test]
fn a_2xx_answer_that_cannot_be_read_is_unknown_and_shows_itself() {
    for (answer, problem, excerpt) in [
        (
            body("text/html", text("<html>Sign in</html>")),
            "not a JSON object",
            "<html>Sign in</html>",
        ),
        (body("application/json", text("")), "empty", ""),
        (
            body("application/json", text("[1]")),
            "not a JSON object",
            "[1]",
        ),
        (
            body("application/json", text("{\"response\": \"half")),
            "not a JSON object",
            "{\"response\": \"half",
        ),
        (
            body(
                "application/json",
                AnswerBody::Bytes(b"{\"response\": \"\xff\"}".to_vec()),
            ),
            "not UTF-8 at byte 14",
            "{\"response\": \"\u{fffd}\"}",
        ),
        (
            Answer::status(204).body("", text("")).processed(),
            "empty",
            "",
        ),
    ] {
        let status = answer.status;
        let (error, reused) = after(answer);
        fixture::check(&error, ErrorKind::Protocol, Delivery::Unknown);
        assert_eq!(error.status(), Some(status));
        assert!(error.message().contains(problem), "{error}");
        assert!(
            error.message().contains(&format!("HTTP {status}")),
            "{error}"
        );
        assert_eq!(error.body_excerpt(), Some(excerpt));
        assert!(!reused, "{error}");
    }
}

#[test]
fn json_with_wrong_fields_is_shown_only_in_the_excerpt() {
    for (fields, problem) in [
        (json!({"conversation_id": "x"}), "missing field `response`"),
        (json!({"response": 7}), "wrong type; expected a string"),
        (
            json!({"response": "the agent's words", "end_conversation": "the agent's words"}),
            "wrong type; expected a boolean",
        ),
        (
            json!({"response": "the agent's words", "conversation_id": "CONV-of-somebody-else"}),
            "another conversation",
        ),
    ] {
        let (error, reused) = after(body("application/json", AnswerBody::Json(fields.clone())));
        fixture::check(&error, ErrorKind::Protocol, Delivery::Unknown);
        assert!(error.message().contains(problem), "{error}");
        assert!(!error.to_string().contains("agent's words"), "{error}");
        assert_eq!(error.body_excerpt(), Some(fields.to_string().as_str()));
        assert_eq!(error.content_type(), Some("application/json"));
        assert!(!reused, "{error}");
    }
}

#[test]
fn a_redirect_is_never_followed() {
    for (status, delivery) in [
        (301, Delivery::Rejected),
        (302, Delivery::Rejected),
        (303, Delivery::Unknown),
        (307, Delivery::Rejected),
        (308, Delivery::Rejected),
    ] {
        let answer = Answer::status(status)
            .header("Location", "http://127.0.0.1:1/elsewhere")
            .body("text/html", text("<html>moved</html>"));
        let (error, _) = after(answer);
        fixture::check(&error, ErrorKind::Protocol, delivery);
        assert_eq!(error.status(), Some(status));
        for expected in ["redirect", "text/html", "<html>moved</html>"] {
            assert!(error.message().contains(expected), "{error}");
        }
        assert_eq!(
            error.header("location"),
            Some("http://127.0.0.1:1/elsewhere")
        );
    }
}

#[test]
fn statuses_follow_the_contract_and_leave_the_connection_usable() {
    for (status, code, kind, delivery) in [
        (
            400,
            "SCHEMA_VALIDATION_FAILED",
            ErrorKind::Rejected,
            Delivery::Rejected,
        ),
        (
            400,
            "FUNCTION_EXECUTION_FAILED",
            ErrorKind::Rejected,
            Delivery::Unknown,
        ),
        (
            403,
            "USER_ACCESS_FORBIDDEN",
            ErrorKind::Permission,
            Delivery::Rejected,
        ),
        (
            404,
            "PROJECT_NOT_FOUND",
            ErrorKind::NotFound,
            Delivery::Rejected,
        ),
        (408, "", ErrorKind::Server, Delivery::Unknown),
        (422, "", ErrorKind::Rejected, Delivery::Rejected),
        (
            500,
            "CHAT_DRAFT_DEPLOYMENT_FAILED",
            ErrorKind::Server,
            Delivery::Unknown,
        ),
        (502, "", ErrorKind::Server, Delivery::Unknown),
        (
            503,
            "A_BRAND_NEW_CODE",
            ErrorKind::Server,
            Delivery::Unknown,
        ),
    ] {
        let answer = if code.is_empty() {
            Answer::status(status)
        } else {
            Answer::status(status).error_code(code)
        };
        let (error, reused) = after(answer);
        assert_eq!(
            (error.kind(), error.delivery(), error.status()),
            (kind, delivery, Some(status)),
            "{error}"
        );
        if !code.is_empty() {
            assert_eq!(error.error_code(), Some(code));
            assert!(error.message().contains(code), "{error}");
        }
        assert!(reused, "{error}");
    }
}

#[test]
fn a_gateways_page_instead_of_an_envelope_is_shown() {
    let (error, reused) =
        after(Answer::status(502).body("text/html", text("<html>Bad gateway</html>")));
    fixture::check(&error, ErrorKind::Server, Delivery::Unknown);
    assert!(
        error.message().contains("<html>Bad gateway</html>")
            && error.message().contains("text/html"),
        "{error}"
    );
    assert!(reused);
}

#[test]
fn keys_that_a_server_echoes_are_redacted() {
    let page = format!("<html>X-API-KEY: {KEY} X-TOKEN: {TOKEN}</html>");
    let (error, _) = after(Answer::status(500).body("text/html", AnswerBody::Text(page.clone())));
    assert_eq!(
        error.body_excerpt(),
        Some("<html>X-API-KEY: [redacted] X-TOKEN: [redacted]</html>")
    );
    let envelope = json!({"error_code": KEY, "error_message": TOKEN});
    let (error, _) =
        after(Answer::status(400).body("application/json", AnswerBody::Json(envelope)));
    assert_eq!(error.service_message(), Some("[redacted]"));
    assert_eq!(error.error_code(), Some("[redacted]"));
    let echo = Answer::status(422).header("X-Echo", &format!("{KEY}, {TOKEN}"));
    let (error, _) = after(echo);
    assert_eq!(error.header("x-echo"), Some("[redacted], [redacted]"));
}

#[test]
fn sizes_are_capped() {
    let (error, reused) = after(body("text/plain", AnswerBody::Filler(10 * 1024 * 1024)));
    fixture::check(&error, ErrorKind::Protocol, Delivery::Unknown);
    for expected in [
        "max_body_bytes = 8388608",
        "HTTP 200",
        "text/plain",
        "\"xxxx",
    ] {
        assert!(error.message().contains(expected), "{error}");
    }
    assert!(!reused);
    let (error, reused) = after(Action::long_head(100 * 1000));
    fixture::check(&error, ErrorKind::Protocol, Delivery::Unknown);
    assert!(!reused);
}

#[test]
fn a_body_up_to_the_cap_and_a_head_up_to_its_cap_are_read() {
    let simulator = simulator();
    let client = Client::new(config(&simulator.url()).max_header_bytes(65_536)).unwrap();
    let conversation = client.create(Create::new()).unwrap();
    simulator
        .fail(Fault::new(Action::long_head(50 * 1000)).once())
        .unwrap();
    let pad = Action::padded(7 * 1024 * 1024);
    simulator.fail(Fault::new(pad).once()).unwrap();
    let reply = conversation.respond("x").unwrap();
    assert!(reply.response().len() > 7 * 1024 * 1024 && reply.headers().count() > 50);
    assert_eq!(conversation.respond("y").unwrap().response(), "You said: y");
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn unknown_fields_and_unknown_shapes_are_handed_on() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    let set = json!({"handoff": {"text_chat": {"zendesk_integration": {}}}, "mood": ["new"]});
    let altered = Action::altered(set, &["end_conversation"]);
    simulator.fail(Fault::new(altered).once()).unwrap();
    let reply = conversation.respond("x").unwrap();
    let handoff = reply.handoff().unwrap();
    assert_eq!((handoff.destination(), handoff.reason()), (None, None));
    assert_eq!(
        handoff.raw(),
        &json!({"text_chat": {"zendesk_integration": {}}})
    );
    assert_eq!(
        serde_json::Value::Object(reply.unknown_fields()),
        json!({"mood": ["new"]})
    );
    assert!(reply.raw().contains("zendesk_integration"));
    assert!(!reply.end_conversation());
}

#[test]
fn a_reply_that_is_cut_off_is_quoted_in_the_excerpt_only() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    let pad = Action::padded(5000);
    simulator
        .fail(Fault::new(pad).on(Operation::Respond))
        .unwrap();
    simulator
        .fail(Fault::new(Action::Close { at: Moment::InBody }).on(Operation::Respond))
        .unwrap();
    let error = conversation.respond("the customer's words").unwrap_err();
    fixture::check(&error, ErrorKind::Protocol, Delivery::Unknown);
    assert!(
        error
            .body_excerpt()
            .unwrap()
            .contains("You said: [redacted]")
    );
    let told = format!("{error} {error:?} {:?}", error.attempts());
    assert!(
        !told.contains("customer's words")
            && !told.contains("You said")
            && told.contains("HTTP 200"),
        "{told}"
    );
}

#[test]
fn a_secret_on_the_edge_of_the_excerpt_is_blotted_out_whole() {
    for filler in 490..515 {
        let page = format!("{}{KEY} and more{}", "x".repeat(filler), "y".repeat(600));
        let (error, _) = after(Answer::status(500).body("text/html", AnswerBody::Text(page)));
        let shown = format!("{error} {:?}", error.body_excerpt());
        assert!(!shown.contains("canary"), "{filler}: {shown}");
    }
}

#[test]
fn an_id_by_which_nobody_can_go_on_is_no_conversation() {
    let simulator = simulator();
    let client = client(&simulator);
    let long = "x".repeat(1025);
    for id in ["", &long, "c\r\nX-Forged: 1", "c\u{1b}[31m", "c\u{202e}1"] {
        let answer = body(
            "application/json",
            AnswerBody::Json(json!({"conversation_id": id, "response": "hi"})),
        );
        simulator.fail(Fault::new(answer)).unwrap();
        let error = client.create(Create::new()).unwrap_err();
        fixture::check(&error, ErrorKind::Protocol, Delivery::Unknown);
        simulator.clear_faults();
        assert_eq!(
            client.attach(id).unwrap_err().kind(),
            ErrorKind::InvalidArgument
        );
    }
    assert!(client.attach(&long[1..]).is_ok());
}

/// How a turn ends that is answered with this 400.
fn after_400(head: &[u8], body: &[u8]) -> Error {
    let head = [b"HTTP/1.1 400 Bad Request\r\n", head, b"\r\n"].concat();
    let answer = [head.as_slice(), body].concat();
    let server = raw::answering(answer);
    let client = Client::new(config(&server.url).max_attempts(1)).unwrap();
    client.respond("c-1", "Where is my order?").unwrap_err()
}

fn framed(headers: &str, body: &[u8]) -> Error {
    let length = format!("Content-Length: {}\r\n{headers}", body.len());
    after_400(length.as_bytes(), body)
}

#[test]
fn a_400_is_a_rejection_only_where_it_is_known_that_the_agents_code_did_not_run() {
    const RAN: &str = r#"{"error_code": "FUNCTION_EXECUTION_FAILED", "error": "boom"}"#;
    const INVALID: &str = r#"{"error_code": "SCHEMA_VALIDATION_FAILED", "error": "boom"}"#;
    // "FUNCTION_EXECUTION_FAILED" in an envelope, by gzip.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xabVJ-*\xca/\x8aO\xceOIU\xb2R";
    let utf16: Vec<u8> = RAN.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = format!(
        r#"{{"x": {}{}, "error_code": "FUNCTION_X"}}"#,
        "[".repeat(9999),
        "]".repeat(9999)
    );
    for (headers, body) in [
        ("Content-Encoding: gzip\r\n", &gzip[..]),
        (
            "Content-Encoding: identity\r\nContent-Encoding: BR\r\n",
            INVALID.as_bytes(),
        ),
        ("", gzip),
        ("", RAN.as_bytes()),
        ("", format!("\u{feff}{RAN}").as_bytes()),
        ("", &utf16),
        ("", &RAN.as_bytes()[..20]),
        ("", &INVALID.as_bytes()[..20]),
        ("", b"{\"error\": \"caf\xe9 was cut"),
        ("", b"<html>{\"error_code\": \"FUNCTION_X\"}</html>"),
        ("", b"[{\"error_code\": \"FUNCTION_X\"}]"),
        ("", b"\"{\\\"error_code\\\": \\\"FUNCTION_X\\\"}\""),
        ("", b")]}',\n{\"error_code\": \"CUT"),
        ("", b"{\"detail\": {\"error_code\": \"FUNCTION_X\"}}"),
        ("", b"{\"error_code\": \"FUNCTION_X\", \"x\": NaN}"),
        ("", deep.as_bytes()),
        ("", b"\x00\x01\x02"),
    ] {
        let error = framed(headers, body);
        fixture::check(&error, ErrorKind::Rejected, Delivery::Unknown);
        assert!(!error.may_resend(), "{}", body.escape_ascii());
    }
    // The end of the connection is the end of the body, so nobody knows what is missing.
    let error = after_400(b"Connection: close\r\n", b"");
    fixture::check(&error, ErrorKind::Rejected, Delivery::Unknown);
    for body in [
        INVALID.as_bytes(),
        format!("\u{feff}{INVALID}").as_bytes(),
        b"{\"error_code\": \"SCHEMA_VALIDATION_FAILED\", \"error\": \"caf\xe9\"}",
        b"{\"error_code\": \"SCHEMA_VALIDATION_FAILED\", \"x\": NaN, \"y\": \"a\nb\"}",
        b"{\"error\": \"no code\"}",
        b"[{\"loc\": [\"body\"], \"msg\": \"too long\"}]",
        b"<html><style>a { b }</style>Bad request</html>",
        b"\xef\xbb\xbf<!DOCTYPE html>",
        b"Bad Request: no such route\r\n",
        b"",
    ] {
        let error = framed("", body);
        assert_eq!(
            error.delivery(),
            Delivery::Rejected,
            "{}",
            body.escape_ascii()
        );
    }
}

#[test]
fn a_byte_order_mark_costs_no_reply() {
    let body = "\u{feff}{\"response\": \"your card ends in 4242\", \"mood\": 1}";
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = raw::answering(answer.into_bytes());
    let client = Client::new(config(&server.url)).unwrap();
    let reply = client.respond("c-1", "x").unwrap();
    assert_eq!(reply.response(), "your card ends in 4242");
    assert_eq!(reply.raw(), &body[3..]);
    assert_eq!(reply.unknown_fields()["mood"], 1);
}

#[test]
fn text_that_may_be_the_agents_is_in_no_error() {
    let said = r#"{"response": "your card ends in 4242"}"#;
    let utf16: Vec<u8> = said.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for body in [
        format!("{said},").into_bytes(),
        format!("\u{feff}{said},").into_bytes(),
        format!("\0{said}").into_bytes(),
        format!(")]}}',\n{said}").into_bytes(),
        format!("callback({said})").into_bytes(),
        format!("[{said}]").into_bytes(),
        format!("<pre>{said}</pre>").into_bytes(),
        b"\"your card ends in 4242\"".to_vec(),
        b"onse\": \"your card ends in 4242\"}".to_vec(),
        utf16,
        [said.as_bytes(), b"\xff"].concat(),
        [b"\xff", said.as_bytes()].concat(),
    ] {
        let (error, _) =
            after(Answer::status(200).body("application/json", AnswerBody::Bytes(body.clone())));
        fixture::check(&error, ErrorKind::Protocol, Delivery::Unknown);
        let told = format!(
            "{error} {error:?} {:?} {:?}",
            error.attempts(),
            error.causes()
        );
        let plain = told.replace("\\0", "");
        // Not the digits alone: a port or a time may have them.
        assert!(
            !plain.contains("card ends"),
            "{}: {told}",
            body.escape_ascii()
        );
    }
}
