//! What is kept of what was received.

use crate::client::{Client, PATIENCE, raw, request};
use polyai_chat_simulator::{Operation, Recording, Simulator};

#[test]
fn requests_are_kept_in_full() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    client.say(&simulator, &id, "h\u{e9}llo");
    client.send(raw("GET", "/elsewhere?a=b", &[("x-OdD", " spaced ")], ""));
    assert_eq!(client.reply().unwrap().status, 404);
    assert!(simulator.wait_for(|seen| seen.counts().complete_replies == 3, PATIENCE));

    let received = simulator.received();
    let respond = &received[1];
    assert_eq!((respond.number, respond.connection), (2, 1));
    assert_eq!(respond.number_on_connection, 2);
    assert_eq!(respond.method, "POST");
    assert_eq!(respond.operation, Some(Operation::Respond));
    assert_eq!(respond.conversation_id.as_deref(), Some(id.as_str()));
    assert_eq!(received[0].conversation_id.as_deref(), Some(id.as_str()));
    assert!(respond.complete && respond.processed && respond.replied);
    assert_eq!(respond.status, Some(200));
    assert_eq!(respond.header("X-API-KEY"), Some("simulator-key"));
    assert_eq!(respond.header("x-api-key"), None);
    assert_eq!(respond.json().unwrap()["message"], "h\u{e9}llo");
    let shown = format!("{respond:?}");
    assert!(!shown.contains("simulator-key") && !shown.contains("simulator-token"));

    assert_eq!(received[2].target, "/elsewhere?a=b");
    assert_eq!(received[2].operation, None);
    assert!(
        received[2]
            .headers
            .contains(&("x-OdD".to_owned(), "spaced".to_owned()))
    );
    assert!(!received[2].processed);

    simulator.clear();
    assert!(simulator.received().is_empty());
    assert_eq!(simulator.counts().requests, 0);
    assert_eq!(simulator.open_connections(), 1);
    assert_eq!(simulator.conversation(&id).unwrap().turns, 1);
}

#[test]
fn requests_that_break_off_are_kept_as_incomplete() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    let whole = request(&simulator, "create", r#"{"channel":"sms"}"#);
    client.send(&whole[..whole.len() - 5]);
    drop(client);
    assert!(simulator.wait_for(|seen| seen.counts().requests == 1, PATIENCE));
    let received = simulator.received();
    assert!(!received[0].complete && !received[0].processed);
    assert_eq!(received[0].text(), r#"{"channel":"#.to_owned() + "\"");
    assert_eq!(simulator.counts().complete_requests, 0);
}

#[test]
fn counters_alone_can_be_kept() {
    let simulator = Simulator::builder()
        .record(Recording::Counts)
        .start()
        .unwrap();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    for _ in 0..5 {
        client.say(&simulator, &id, "hi");
    }
    assert!(simulator.received().is_empty());
    assert_eq!(simulator.requests_to(Operation::Respond), 5);
    assert_eq!(simulator.counts().turns, 5);
    let record = simulator.conversation(&id).unwrap();
    assert_eq!((record.turns, record.messages.len()), (5, 0));
}

#[test]
fn recent_attempts_are_bounded_and_the_counters_exact() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    let one = request(&simulator, "respond", &crate::client::turn(&id, "hi"));
    for _ in 0..101 {
        client.send(one.repeat(100));
        for _ in 0..100 {
            assert_eq!(client.reply().unwrap().status, 200);
        }
    }
    assert_eq!(simulator.counts().turns, 10_100);
    assert_eq!(simulator.requests_to(Operation::Respond), 10_100);
    assert_eq!(simulator.received().len(), 10_000);
    assert_eq!(simulator.received().last().unwrap().number, 10_101);
    let record = simulator.conversation(&id).unwrap();
    assert_eq!((record.turns, record.messages.len()), (10_100, 10_000));
    assert_eq!(record.most_turns_in_flight, 1);
}
