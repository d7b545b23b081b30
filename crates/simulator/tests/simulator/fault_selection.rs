//! On which occasions a fault happens.

use crate::bench::Bench;
use crate::client::Client;
use polyai_chat_simulator::{Action, Answer, Fault, Moment, Operation, Pause, Simulator};
use std::time::{Duration, Instant};

#[test]
fn faults_are_selected() {
    let statuses = |fault: Fault| -> Vec<u16> {
        let simulator = Simulator::builder().fault(fault).start().unwrap();
        let mut seen = Vec::new();
        for _ in 0..2 {
            let mut client = Client::connect(&simulator);
            for _ in 0..3 {
                seen.push(client.post(&simulator, "create", "{}").status);
            }
        }
        seen
    };
    let fault = || Fault::new(Answer::status(500));
    let (good, bad) = (200, 500);
    assert_eq!(statuses(fault()), [bad; 6]);
    assert_eq!(statuses(fault().on(Operation::Close)), [good; 6]);
    assert_eq!(
        statuses(fault().connection(2)),
        [good, good, good, bad, bad, bad]
    );
    assert_eq!(
        statuses(fault().request(5)),
        [good, good, good, good, bad, good]
    );
    assert_eq!(
        statuses(fault().request_on_connection(2)),
        [good, bad, good, good, bad, good]
    );
    assert_eq!(
        statuses(fault().nth(3)),
        [good, good, bad, good, good, good]
    );
    assert_eq!(
        statuses(fault().nth(3).times(2)),
        [good, good, bad, bad, good, good]
    );
    assert_eq!(
        statuses(fault().times(2)),
        [bad, bad, good, good, good, good]
    );
    let by_chance = statuses(fault().probability(0.5, 7));
    assert!(by_chance.contains(&good) && by_chance.contains(&bad));
    assert_eq!(by_chance, statuses(fault().probability(0.5, 7)));
    assert_eq!(statuses(fault().probability(0.0, 7)), [good; 6]);
    assert_eq!(statuses(fault().probability(1.0, 7)), [bad; 6]);
}

#[test]
fn several_faults_come_together_and_each_is_counted() {
    let mut bench = Bench::new();
    bench.fail(Fault::new(Action::delay(Pause::Turn, 40)));
    bench.fail(Fault::new(Answer::status(502)).nth(2));
    let started = Instant::now();
    for status in [200, 502] {
        bench.send();
        assert_eq!(bench.client.reply().unwrap().status, status);
    }
    assert!(started.elapsed() >= Duration::from_millis(80));
    let happened: Vec<(u64, u64)> = bench
        .simulator
        .faults()
        .iter()
        .map(|active| (active.occasions, active.happened))
        .collect();
    assert_eq!(happened, [(2, 2), (2, 1)]);
    let first = bench.simulator.faults()[0].id;
    bench.simulator.take_back(first);
    assert_eq!(bench.simulator.faults().len(), 1);
    bench.simulator.clear_faults();
    assert!(bench.simulator.faults().is_empty());
}

#[test]
fn faults_that_can_never_happen_are_refused() {
    let simulator = Simulator::builder().start().unwrap();
    let reset = |at| Fault::new(Action::Reset { at });
    for (fault, words) in [
        (reset(Moment::Accept).on(Operation::Create), "`operation`"),
        (reset(Moment::BeforeRead).request(2), "`request`"),
        (
            reset(Moment::Handshake).request_on_connection(1),
            "`request_on_connection`",
        ),
        (reset(Moment::InBody).nth(0), "`nth` counts from 1"),
        (reset(Moment::InBody).probability(2.0, 0), "not from 0 to 1"),
        (Fault::new(Answer::status(99)), "`status` is 99"),
        (
            Fault::new(Action::AddHeaders {
                lines: vec!["no colon".to_owned()],
                filler: 0,
            }),
            "`no colon`",
        ),
    ] {
        let error = simulator.fail(fault).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
