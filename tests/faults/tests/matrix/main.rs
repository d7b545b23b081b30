//! Every fault, over every transport, in every operation of both dialects, on new and on kept connections: how the call
//! ends, what it claims, and what the server counted.
//!
//! [`rows`] is the table. Each cell of the matrix is compared with its row, and, without looking at the row, its claim
//! with the server's count ([`truth`]). The table is printed into `docs/reliability.md`.
#![cfg(test)]

mod bench;
mod cell;
mod document;
mod expectation;
mod observation;
mod row;
mod rows;
#[path = "../../../../crates/core/tests/servers/mod.rs"]
mod servers;
mod transport;
mod truth;

use bench::Materials;
use cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Most cells wait for a deadline, so far more of them than there are processors run at the same time.
const AT_THE_SAME_TIME: usize = 24;

#[test]
fn every_fault_ends_as_its_row_says_and_no_claim_contradicts_the_server() {
    let rows = rows::rows();
    let cells = cell::all(&rows);
    println!("{} cells", cells.len());
    assert!(cells.len() > 1000, "only {} cells", cells.len());
    let materials = Materials::new();
    let without_proxies = materials.proxies.is_none();
    let next = AtomicUsize::new(0);
    let problems = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_THE_SAME_TIME {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if without_proxies && !cell.is_direct() {
                        continue;
                    }
                    let found = problems_of(cell, &materials);
                    problems.lock().unwrap().extend(found);
                }
            });
        }
    });
    let mut problems = problems.into_inner().unwrap();
    problems.sort();
    assert!(
        problems.is_empty(),
        "{} of {} cells are wrong:\n{}",
        problems.len(),
        cells.len(),
        problems.join("\n")
    );
}

/// What is wrong with a cell.
fn problems_of(cell: &Cell<'_>, materials: &Materials) -> Option<String> {
    let observation = cell.run(materials);
    let mut problems = cell.expectation().problems_of(&observation);
    problems.extend(truth::contradictions(&observation));
    (!problems.is_empty()).then(|| format!("{cell}: {}", problems.join("; ")))
}
