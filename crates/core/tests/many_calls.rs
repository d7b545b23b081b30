//! Many calls under way at once, which hold less while they wait.
#![cfg(test)]

mod fixture;

use fixture::{PATIENCE, builder, check_in, client, config, simulator, slow_turn};
use polyai_chat_core::{Client, Create, Delivery, ErrorKind, Phase};
use polyai_chat_simulator::{Action, Fault, Moment, Operation, Pause, Simulator, TlsIdentity};

const FOREVER_MS: u64 = 600_000;

/// Where many calls are under way, each holds less while it waits; what becomes of it is the same.
fn many_at_once_end_as_one_alone_does(simulator: &Simulator, client: &Client) {
    const CALLS: u64 = 200;
    let conversations: Vec<_> = (0..CALLS)
        .map(|_| client.create(Create::new()).unwrap())
        .collect();
    let all_at_once = || {
        let before = simulator.requests_to(Operation::Respond);
        let turns: Vec<_> = conversations
            .iter()
            .map(|conversation| conversation.start_respond(conversation.id()).unwrap())
            .collect();
        assert!(simulator.wait_for(
            |records| records.requests_to(Operation::Respond) == before + CALLS,
            PATIENCE
        ));
        turns
    };
    // Over new connections, and over those that are kept.
    for _ in 0..2 {
        simulator
            .fail(slow_turn(Pause::Headers, 500).times(CALLS))
            .unwrap();
        for (conversation, turn) in conversations.iter().zip(all_at_once()) {
            let said = format!("You said: {}", conversation.id());
            assert_eq!(turn.take().unwrap().response(), said);
        }
    }
    let close = Action::Close {
        at: Moment::AfterRequest,
    };
    simulator
        .fail(Fault::new(close).on(Operation::Respond).times(CALLS))
        .unwrap();
    for turn in all_at_once() {
        let lost = turn.take().unwrap_err();
        check_in(&lost, ErrorKind::Connect, Delivery::Unknown, Phase::Headers);
    }
    simulator
        .fail(slow_turn(Pause::Headers, FOREVER_MS))
        .unwrap();
    for turn in all_at_once() {
        turn.cancel();
        let cancelled = turn.take().unwrap_err();
        check_in(
            &cancelled,
            ErrorKind::Cancelled,
            Delivery::Unknown,
            Phase::Headers,
        );
    }
    assert_eq!(simulator.requests_to(Operation::Respond), 4 * CALLS);
}

#[test]
fn many_calls_at_once_end_as_one_alone_does() {
    let simulator = simulator();
    many_at_once_end_as_one_alone_does(&simulator, &client(&simulator));
}

#[test]
fn many_calls_at_once_over_tls_end_as_one_alone_does() {
    let identity = TlsIdentity::generate().unwrap();
    let authority = identity.ca_pem().to_owned();
    let simulator = builder().tls(identity).start().unwrap();
    let client = Client::new(config(&simulator.url()).ca_pem(authority)).unwrap();
    many_at_once_end_as_one_alone_does(&simulator, &client);
}
