//! Many at once.

use crate::client::{Client, PATIENCE};
use polyai_chat_simulator::Simulator;
use std::time::Instant;

/// Under wine, which tests for Windows run under, a server of many connections is slow.
const CONNECTIONS: usize = if cfg!(windows) { 20 } else { 2_000 };

#[test]
fn many_connections_are_held_by_one_thread() {
    let simulator = Simulator::builder().start().unwrap();
    // Both ends are in this process, and other tests need some descriptors as well.
    let limit = descriptors_allowed();
    let count = CONNECTIONS.min(limit.saturating_sub(200) / 2);
    if count < CONNECTIONS {
        println!("only {count} connections: this process may open {limit} descriptors");
    }
    let threads = threads();
    let started = Instant::now();
    let mut clients: Vec<_> = (0..count).map(|_| Client::connect(&simulator)).collect();
    let expected = u64::try_from(count).unwrap();
    assert!(simulator.wait_for(|seen| seen.counts().open_connections == expected, PATIENCE));

    let ids: Vec<String> = clients
        .iter_mut()
        .map(|client| client.create(&simulator))
        .collect();
    for (client, id) in clients.iter_mut().zip(&ids) {
        let request = crate::client::turn(id, "order 4711");
        client.send(crate::client::request(&simulator, "respond", &request));
    }
    for client in &mut clients {
        assert!(client.reply().unwrap().field("response").contains("4711"));
    }
    println!(
        "{count} connections, a create and a turn on each: {:?}, threads {threads:?} -> {:?}",
        started.elapsed(),
        self::threads()
    );
    assert_eq!(simulator.open_connections(), expected);
    assert_eq!(simulator.counts().turns, expected);
    drop(clients);
    assert!(simulator.wait_for(|seen| seen.counts().open_connections == 0, PATIENCE));
}

/// Where the system does not tell, what most systems allow at least.
fn descriptors_allowed() -> usize {
    std::fs::read_to_string("/proc/self/limits")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(1024)
}

/// Where the system tells.
fn threads() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}
