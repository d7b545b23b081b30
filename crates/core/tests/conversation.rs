//! A whole conversation over real HTTP, in both dialects, and what the service received of it.
#![cfg(test)]

mod fixture;

use fixture::{KEY, PATIENCE, TOKEN, client, legacy_simulator, simulator};
use polyai_chat_core::{Close, ConversationState, Create, ErrorKind, Respond};
use polyai_chat_simulator::{Operation, Simulator};
use serde_json::{Value, json};
use std::thread;

fn bodies(simulator: &Simulator) -> Vec<Value> {
    simulator
        .received()
        .iter()
        .map(|request| request.json().unwrap())
        .collect()
}

#[test]
fn create_respond_and_close_in_the_current_dialect() {
    let simulator = simulator();
    let client = client(&simulator);
    let conversation = client
        .create(
            Create::new()
                .attribute("customer_name", "Sam")
                .variant_id("evening")
                .channel("webchat")
                .asr_lang_code("en-GB")
                .tts_lang_code("en-GB"),
        )
        .unwrap();
    let greeting = conversation.greeting();
    assert_eq!(greeting.response(), "Hello Sam.");
    assert_eq!(greeting.conversation_id(), conversation.id());
    assert_eq!(
        greeting.header("x-polyai-correlation-id"),
        Some(greeting.correlation_id())
    );
    assert!(greeting.elapsed() < PATIENCE);

    assert_eq!(
        conversation.respond("Hi 😀").unwrap().response(),
        "You said: Hi 😀"
    );
    let reply = conversation.respond("human").unwrap();
    let handoff = reply.handoff().unwrap();
    assert_eq!(
        (handoff.destination(), handoff.reason()),
        (Some("billing"), Some("asked for a human"))
    );
    assert_eq!(handoff.raw()["queue"], 7);
    assert!(!reply.end_conversation() && !conversation.is_over());

    assert!(!conversation.close().unwrap().was_over());
    assert_eq!(conversation.state(), ConversationState::Closed);
    let id = conversation.id();
    assert_eq!(
        bodies(&simulator),
        [
            json!({
                "integration_attributes": {"customer_name": "Sam"},
                "variant_id": "evening",
                "channel": "webchat",
                "asr_lang_code": "en-GB",
                "tts_lang_code": "en-GB"
            }),
            json!({"conversation_id": id, "message": "Hi 😀"}),
            json!({"conversation_id": id, "message": "human"}),
            json!({"conversation_id": id}),
        ]
    );
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn the_legacy_dialect_has_a_user_id_and_no_close() {
    let simulator = legacy_simulator();
    let client = client(&simulator);
    let conversation = client
        .create(
            Create::new()
                .message("hi")
                .metadata(json!({"page": "/cart"})),
        )
        .unwrap();
    let user_id = conversation.greeting().user_id().unwrap().to_owned();
    assert!(conversation.id().starts_with("WEBCHAT_"));
    conversation.respond(Respond::without_message()).unwrap();
    let reply = conversation.respond("human").unwrap();
    assert_eq!(reply.handoff(), None);

    let requests = simulator.requests_to(Operation::Close) + simulator.received().len() as u64;
    let error = conversation.close().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(conversation.close_if_open().unwrap().map(|_| ()), None);
    assert_eq!(
        simulator.received().len() as u64,
        requests,
        "nothing may be sent"
    );
    let id = conversation.id();
    assert_eq!(
        bodies(&simulator),
        [
            json!({"user_id": user_id, "message": "hi", "metadata": {"page": "/cart"}}),
            json!({"conversation_id": id, "message": ""}),
            json!({"conversation_id": id, "message": "human"}),
        ]
    );
}

#[test]
fn three_kinds_of_turn_and_every_documented_field() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    conversation.respond("text").unwrap();
    conversation.respond("").unwrap();
    conversation.respond(Respond::without_message()).unwrap();
    conversation
        .respond(
            Respond::new("x")
                .integration_attributes(json!({"a": 1}))
                .metadata(json!({"b": [2]}))
                .asr_lang_code("cy-GB")
                .tts_lang_code("cy-GB")
                .extra(json!({"brand_new": true})),
        )
        .unwrap();
    let id = conversation.id();
    assert_eq!(
        bodies(&simulator),
        [
            json!({}),
            json!({"conversation_id": id, "message": "text"}),
            json!({"conversation_id": id, "message": ""}),
            json!({"conversation_id": id}),
            json!({
                "conversation_id": id, "message": "x", "integration_attributes": {"a": 1},
                "metadata": {"b": [2]}, "asr_lang_code": "cy-GB", "tts_lang_code": "cy-GB", "brand_new": true
            }),
        ]
    );
}

#[test]
fn every_request_has_its_own_correlation_id_or_the_callers() {
    let simulator = simulator();
    let conversation = client(&simulator)
        .create(Create::new().correlation_id("call-17"))
        .unwrap();
    assert_eq!(conversation.greeting().correlation_id(), "call-17");
    let reply = conversation.respond("a").unwrap();
    let sent: Vec<_> = simulator
        .received()
        .iter()
        .map(|request| {
            request
                .header("X-PolyAI-Correlation-Id")
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(sent, ["call-17", reply.correlation_id()]);
    assert_eq!(reply.correlation_id().len(), 36);
}

#[test]
fn a_conversation_that_is_over_refuses_turns_without_a_request_and_is_closed_once() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    assert!(conversation.respond("bye").unwrap().end_conversation());
    assert_eq!(conversation.state(), ConversationState::Ended);
    let error = conversation.respond("more").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConversationEnded);
    assert!(error.may_resend() && error.attempts().is_empty());
    assert_eq!(simulator.requests_to(Operation::Respond), 1);

    assert_eq!(conversation.close_if_open().unwrap().map(|_| ()), None);
    assert_eq!(simulator.requests_to(Operation::Close), 0);
    assert!(conversation.close().unwrap().was_over());
    assert!(conversation.close().unwrap().was_over());
    assert_eq!(simulator.requests_to(Operation::Close), 1);
}

#[test]
fn the_service_may_end_it_between_two_turns() {
    let simulator = simulator();
    let client = client(&simulator);
    for end in [
        Simulator::end_conversation,
        Simulator::time_out_conversation,
    ] {
        let conversation = client.create(Create::new()).unwrap();
        assert!(end(&simulator, conversation.id()));
        let error = conversation.respond("x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConversationEnded, "{error}");
        assert!(error.may_resend());
        assert_eq!(conversation.state(), ConversationState::Ended);
        assert!(conversation.close().unwrap().was_over());
    }
}

#[test]
fn attaching_sends_nothing_and_goes_on() {
    let simulator = simulator();
    let client = client(&simulator);
    let id = client.create(Create::new()).unwrap().id().to_owned();
    let attached = client.attach(&*id).unwrap();
    assert!(attached.is_attached() && attached.greeting().response().is_empty());
    assert_eq!(simulator.counts().requests, 1);
    assert_eq!(attached.respond("a").unwrap().response(), "You said: a");
    assert_eq!(client.respond(&id, "b").unwrap().conversation_id(), id);
    assert!(
        !client
            .close_conversation(&id, Close::new())
            .unwrap()
            .was_over()
    );
    assert!(
        client.close_conversation(&id, Close::new()).is_ok(),
        "closing is idempotent"
    );
    let error = client.respond("CONV-unknown", "b").unwrap_err();
    assert_eq!(error.error_code(), Some("CONVERSATIONS_NOT_FOUND"));
    assert_eq!(
        client.attach("").unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
}

#[test]
fn turns_of_many_threads_go_one_at_a_time_over_one_connection() {
    let simulator = simulator();
    let conversation = client(&simulator).create(Create::new()).unwrap();
    thread::scope(|scope| {
        for number in 0..16 {
            let conversation = &conversation;
            scope.spawn(move || {
                let message = format!("from thread {number}");
                let reply = conversation.respond(message.as_str()).unwrap();
                assert_eq!(reply.response(), format!("You said: {message}"));
            });
        }
    });
    assert_eq!(simulator.conversation(conversation.id()).unwrap().turns, 16);
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn keys_of_the_wrong_kind_are_explained() {
    let simulator = simulator();
    simulator.replace_credentials("another", "one");
    let error = client(&simulator).create(Create::new()).unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Authentication, Some(401))
    );
    assert!(error.may_resend());
    for expected in ["api_key: given explicitly", "region none", &simulator.url()] {
        assert!(error.message().contains(expected), "{error}");
    }
    let text = format!("{error} {error:?}");
    assert!(!text.contains(KEY) && !text.contains(TOKEN), "{text}");
    let sent = simulator.received();
    assert_eq!(
        error.correlation_id(),
        sent[0].header("X-PolyAI-Correlation-Id")
    );
    assert_eq!(error.attempts().len(), 1);
}

#[test]
fn a_wrong_account_is_named() {
    let simulator = fixture::builder()
        .account("other", "project")
        .start()
        .unwrap();
    let error = client(&simulator).create(Create::new()).unwrap_err();
    assert_eq!(
        (error.kind(), error.error_code()),
        (ErrorKind::NotFound, Some("ACCOUNT_NOT_FOUND"))
    );
    assert!(
        error
            .message()
            .contains("account acme-uk, project acme-team-4"),
        "{error}"
    );
}

#[test]
fn what_the_dialect_lacks_and_what_is_no_object_is_refused_before_anything_is_sent() {
    let (current, legacy) = (simulator(), legacy_simulator());
    let (modern, old) = (client(&current), client(&legacy));
    let attached = modern.attach("CONV-1").unwrap();
    for (error, kind, expected) in [
        (
            modern.create(Create::new().user_id("u")).unwrap_err(),
            ErrorKind::Unsupported,
            "user_id",
        ),
        (
            old.create(Create::new().variant_id("v")).unwrap_err(),
            ErrorKind::Unsupported,
            "variant_id",
        ),
        (
            old.create(Create::new().user_id("")).unwrap_err(),
            ErrorKind::InvalidArgument,
            "user_id",
        ),
        (
            modern
                .create(Create::new().integration_attributes("Sam"))
                .unwrap_err(),
            ErrorKind::InvalidArgument,
            "integration_attributes must be a JSON object",
        ),
        (
            attached
                .respond(Respond::new("x").metadata(json!([])))
                .unwrap_err(),
            ErrorKind::InvalidArgument,
            "metadata must be a JSON object",
        ),
        (
            attached
                .respond(Respond::new("x").extra(json!({"message": "y"})))
                .unwrap_err(),
            ErrorKind::InvalidArgument,
            "extra must not hold",
        ),
        (
            attached
                .respond(Respond::new("x").correlation_id("a\r\nb"))
                .unwrap_err(),
            ErrorKind::InvalidArgument,
            "correlation_id",
        ),
    ] {
        assert_eq!((error.kind(), error.may_resend()), (kind, true), "{error}");
        assert!(error.message().contains(expected), "{error}");
    }
    assert_eq!((current.connections(), legacy.connections()), (0, 0));
}
