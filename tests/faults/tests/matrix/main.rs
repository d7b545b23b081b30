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
#[path = "../../../lateness.rs"]
mod lateness;
mod observation;
mod row;
mod rows;
#[path = "../../../../crates/core/tests/servers/mod.rs"]
mod servers;
mod transport;
mod truth;
mod verdict;
mod verdict_test;

use bench::Materials;
use cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use verdict::Verdict;

/// Most cells wait for a deadline, so far more of them than there are processors run at the same time.
const AT_THE_SAME_TIME: usize = 24;
/// When so many cells have failed when repeated, the others that were disturbed need not be.
const ENOUGH: usize = 10;

/// The variable that holds a number: of so many cells one is run, where a whole run takes too long.
const EVERY: &str = "POLYAI_EVERY";

#[test]
fn every_fault_ends_as_its_row_says_and_no_claim_contradicts_the_server() {
    let rows = rows::rows();
    let mut cells = cell::all(&rows);
    println!("{} cells", cells.len());
    assert!(cells.len() > 1000, "only {} cells", cells.len());
    if let Ok(words) = std::env::var(cell::ONLY) {
        cells.retain(|cell| cell.to_string().contains(&words));
        println!("{} of them are run: {words}", cells.len());
        assert!(!cells.is_empty());
    }
    if cfg!(windows) {
        // The simulator does not see there that a client has gone before it has read what that client said.
        cells.retain(|cell| !cell.to_string().starts_with("accepted, and then silence"));
    }
    if let Ok(every) = std::env::var(EVERY) {
        cells = cells.into_iter().step_by(every.parse().unwrap()).collect();
        println!("{} of them are run", cells.len());
    }
    let materials = Materials::new();
    if materials.proxies.is_none() {
        cells.retain(Cell::is_direct);
    }
    let (disturbed, mut wrong) = run(&cells, &materials);
    println!("{} are repeated alone, with more time", disturbed.len());
    let mut failed_again = 0;
    for (cell, words) in disturbed {
        if failed_again == ENOUGH {
            wrong.push(format!(
                "{words}\n    not repeated: enough others have failed"
            ));
        } else if let Some(words) = verdict::of_repeated(cell, &materials, words) {
            failed_again += 1;
            wrong.push(words);
        }
    }
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {} cells are wrong:\n{}",
        wrong.len(),
        cells.len(),
        wrong.join("\n")
    );
}

/// Runs all cells, many at a time: those that were disturbed, and what is wrong with others.
fn run<'a>(
    cells: &'a [Cell<'a>],
    materials: &Materials,
) -> (Vec<(&'a Cell<'a>, String)>, Vec<String>) {
    let next = AtomicUsize::new(0);
    let (disturbed, wrong) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_THE_SAME_TIME {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match verdict::of(cell, materials) {
                        Verdict::Right => {}
                        Verdict::Disturbed(words) => disturbed.lock().unwrap().push((cell, words)),
                        Verdict::Wrong(words) => wrong.lock().unwrap().push(words),
                    }
                }
            });
        }
    });
    (disturbed.into_inner().unwrap(), wrong.into_inner().unwrap())
}
