//! What a gateway, a broken service or an attacker may answer, and what the caller is told.
#![cfg(test)]

mod fixture;

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
fn what_a_server_echoes_of_the_keys_is_blotted_out() {
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
    assert!(error.body_excerpt().unwrap().contains("customer's words"));
    let told = format!("{error} {error:?} {:?}", error.attempts());
    assert!(
        !told.contains("customer's words") && told.contains("HTTP 200"),
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
fn an_empty_conversation_id_is_no_conversation() {
    let simulator = simulator();
    let answer = body(
        "application/json",
        AnswerBody::Json(json!({"conversation_id": "", "response": "hi"})),
    );
    simulator.fail(Fault::new(answer)).unwrap();
    let error = client(&simulator).create(Create::new()).unwrap_err();
    fixture::check(&error, ErrorKind::Protocol, Delivery::Unknown);
}
