//! What a fault does, seen from the client's side, and whether it took the turn.

use crate::bench::Bench;
use crate::client::Client;
use polyai_chat_simulator::{
    Action, Answer, AnswerBody, Fault, Moment, Operation, RetryAfter, Simulator,
};
use serde_json::json;
use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

#[test]
fn answers_come_in_place_of_the_services_own() {
    for (answer, turns) in [
        (Answer::status(503), 0),
        (Answer::status(503).processed(), 1),
    ] {
        let mut bench = Bench::with(
            answer
                .header("X-Gateway", "one")
                .header("X-Gateway", "two")
                .error_code("SOMETHING_NEW")
                .retry_after(RetryAfter::Seconds(7)),
        );
        bench.send();
        let reply = bench.client.reply().unwrap();
        assert_eq!(reply.status, 503);
        assert_eq!(reply.field("error_code"), "SOMETHING_NEW");
        assert_eq!(
            reply.field("error_id"),
            reply.header("x-polyai-correlation-id").unwrap()
        );
        assert_eq!(reply.header("retry-after"), Some("7"));
        let twice = reply
            .headers
            .iter()
            .filter(|(name, _)| name == "X-Gateway")
            .count();
        assert_eq!(twice, 2);
        assert_eq!(bench.turns(), turns);
        bench.send();
        assert_eq!(bench.client.reply().unwrap().status, 200);
    }
}

#[test]
fn answers_have_any_body() {
    for (content_type, body, expected) in [
        (
            "text/html",
            AnswerBody::Text("<html>".to_owned()),
            b"<html>".to_vec(),
        ),
        (
            "application/json",
            AnswerBody::Json(json!([1])),
            b"[1]".to_vec(),
        ),
        ("", AnswerBody::Bytes(vec![0xff, 0xfe]), vec![0xff, 0xfe]),
        ("", AnswerBody::Filler(3_000_000), vec![b'x'; 3_000_000]),
        ("", AnswerBody::Text(String::new()), Vec::new()),
    ] {
        let mut bench = Bench::with(Answer::status(200).body(content_type, body));
        bench.send();
        let reply = bench.client.reply().unwrap();
        assert_eq!(reply.header("content-type").unwrap_or(""), content_type);
        assert_eq!(reply.body, expected);
    }
    let mut bench = Bench::with(Answer::status(307).header("Location", "http://127.0.0.1:9/"));
    bench.send();
    let reply = bench.client.reply().unwrap();
    assert_eq!(
        (reply.status, reply.header("location")),
        (307, Some("http://127.0.0.1:9/"))
    );
    let mut bench = Bench::with(Answer::status(204));
    bench.send();
    assert!(bench.client.reply().unwrap().body.is_empty());
    let mut bench = Bench::with(Answer::status(429).retry_after(RetryAfter::DateInSeconds(60)));
    bench.send();
    let reply = bench.client.reply().unwrap();
    let date = httpdate::parse_http_date(reply.header("retry-after").unwrap()).unwrap();
    let ahead = date.duration_since(SystemTime::now()).unwrap();
    assert!((50..=60).contains(&ahead.as_secs()), "{ahead:?}");
}

#[test]
fn connections_are_closed_and_reset_at_every_moment() {
    for (at, turns, requests) in [
        (Moment::BeforeRead, 0, 0),
        (Moment::AfterHead, 0, 1),
        (Moment::AfterRequest, 0, 1),
        (Moment::AfterTurn, 1, 1),
        (Moment::InHeaders, 1, 1),
        (Moment::InBody, 1, 1),
    ] {
        for action in [Action::Close { at }, Action::Reset { at }] {
            let mut bench = Bench::with(action.clone());
            bench.send();
            let error = bench.client.reply().unwrap_err().kind();
            // A reset may overtake what was sent before it.
            let expected = match action {
                Action::Close { .. } => ErrorKind::UnexpectedEof,
                _ => ErrorKind::ConnectionReset,
            };
            assert_eq!(error, expected, "{action:?}");
            assert_eq!(bench.turns(), turns, "{action:?}");
            assert_eq!(bench.simulator.requests_to(Operation::Respond), requests);
            assert_eq!(bench.simulator.counts().complete_replies, 1, "{action:?}");
        }
    }
}

#[test]
fn new_connections_are_closed_and_reset() {
    for (action, expected) in [
        (Action::Close { at: Moment::Accept }, None),
        (
            Action::Reset { at: Moment::Accept },
            Some(ErrorKind::ConnectionReset),
        ),
    ] {
        let simulator = Simulator::builder()
            .fault(Fault::new(action).connection(2))
            .start()
            .unwrap();
        Client::connect(&simulator).create(&simulator);
        let mut second = Client::connect(&simulator);
        assert_eq!(second.rest().err().map(|error| error.kind()), expected);
        Client::connect(&simulator).create(&simulator);
    }
}

#[test]
fn a_reply_can_be_the_last_without_saying_so() {
    let mut bench = Bench::with(Action::Close {
        at: Moment::AfterReply,
    });
    bench.send();
    let reply = bench.client.reply().unwrap();
    assert_eq!((reply.status, reply.header("connection")), (200, None));
    assert!(bench.client.rest().unwrap().is_empty());
    assert_eq!(bench.simulator.counts().complete_replies, 2);
}

#[test]
fn lengths_are_wrong_and_bytes_surplus() {
    let mut bench = Bench::with(Action::WrongLength { by: -10 });
    bench.send();
    let reply = bench.client.reply().unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_err());
    assert_eq!(bench.client.bytes(10).unwrap().len(), 10);

    let mut bench = Bench::with(Action::WrongLength { by: 10 });
    bench
        .client
        .stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    bench.send();
    let nothing = bench.client.reply().unwrap_err().kind();
    assert!(matches!(
        nothing,
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    assert_eq!(bench.simulator.open_connections(), 1);
    assert_eq!(bench.simulator.counts().complete_replies, 1);

    let mut bench = Bench::with(Action::Surplus {
        text: "more".to_owned(),
    });
    bench.send();
    assert_eq!(bench.client.reply().unwrap().status, 200);
    assert_eq!(bench.client.bytes(4).unwrap(), b"more");
}

#[test]
fn garbage_is_not_http() {
    let mut bench = Bench::with(Action::Garbage {
        text: "garbage".to_owned(),
    });
    bench.send();
    assert_eq!(bench.client.rest().unwrap(), b"garbage");
    assert_eq!(bench.turns(), 1);
}

#[test]
fn replies_are_altered() {
    let set = json!({"conversation_id": "somebody else's", "end_conversation": "yes"});
    let mut bench = Bench::with(Action::altered(set, &[]));
    bench.send();
    let reply = bench.client.reply().unwrap().json();
    assert_eq!(reply["conversation_id"], "somebody else's");
    assert_eq!(reply["end_conversation"], "yes");
    assert_eq!(bench.turns(), 1);

    let mut bench = Bench::with(Action::altered(json!({}), &["response"]));
    bench.send();
    assert!(
        bench
            .client
            .reply()
            .unwrap()
            .json()
            .get("response")
            .is_none()
    );

    let mut bench = Bench::with(Action::padded(2_000_000));
    bench.send();
    assert!(bench.client.reply().unwrap().field("response").len() > 2_000_000);

    let mut bench = Bench::with(Action::AddHeaders {
        lines: vec!["Connection: close".to_owned()],
        filler: 100_000,
    });
    bench.send();
    let reply = bench.client.reply().unwrap();
    let size: usize = reply
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with("X-Filler"))
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert!((99_000..=101_000).contains(&size), "{size}");
    assert!(bench.client.rest().unwrap().is_empty());
}
