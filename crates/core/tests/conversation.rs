//! What a conversation sees of threads, of keys of the wrong kind and of arguments that are refused. The rest is the conformance suite's.
#![cfg(test)]

mod fixture;

use fixture::{KEY, TOKEN, client, legacy_simulator, simulator};
use polyai_chat_core::{Create, ErrorKind, Respond};
use serde_json::json;
use std::thread;

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
    for expected in [
        "api_key: given explicitly",
        "the deployment at",
        &simulator.url(),
    ] {
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
fn fields_that_the_dialect_lacks_are_refused_before_anything_is_sent() {
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
