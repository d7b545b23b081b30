//! That the matrix sees a client which is late or lies, and calls only that wrong which is.

use crate::bench::{LeftOpen, Materials};
use crate::cell::{self, Cell};
use crate::observation::Observation;
use crate::row::{LATE, Row};
use crate::rows;
use crate::verdict::{Verdict, judge};
use std::time::Duration;

/// What is seen of this cell, truly.
fn seen<'a>(rows: &'a [Row], name: &str) -> (Cell<'a>, Observation) {
    let mut cells = cell::all(rows);
    cells.retain(|cell| cell.to_string() == name);
    let cell = cells.pop().unwrap();
    let observation = cell.run(&Materials::new(), 4);
    assert!(matches!(judge(&cell, &observation, 4), Verdict::Right));
    (cell, observation)
}

const TIMED: &str =
    "the service has acted and says nothing [respond, current, plain, kept connection]";
const UNTIMED: &str = "400 `CHAT_TIMEOUT` [respond, current, plain, kept connection]";
const NOT_SENT: &str = "nobody listens [respond, current, plain, new connection]";
const CALM: Duration = Duration::from_millis(1);

#[test]
fn a_client_that_ignores_its_deadline_is_wrong_unless_the_machine_was_late_as_well() {
    let rows = rows::rows();
    let (cell, mut seen) = seen(&rows, TIMED);
    seen.elapsed = seen.deadline + LATE;
    seen.lateness = CALM;
    assert!(matches!(judge(&cell, &seen, 4), Verdict::Wrong(words) if words.contains("more than")));
    seen.lateness = LATE;
    assert!(matches!(judge(&cell, &seen, 4), Verdict::Disturbed(_)));
    seen.elapsed = seen.deadline / 2;
    assert!(matches!(judge(&cell, &seen, 4), Verdict::Wrong(words) if words.contains("less than")));
}

#[test]
fn a_claim_that_the_server_contradicts_is_wrong_however_late_the_machine_was() {
    let rows = rows::rows();
    let (_, mut acted_on) = seen(&rows, TIMED);
    let (cell, mut claimed) = seen(&rows, NOT_SENT);
    claimed.received.push(acted_on.received.pop().unwrap());
    claimed.lateness = LATE;
    match judge(&cell, &claimed, 4) {
        Verdict::Wrong(words) => {
            assert!(words.contains("not_sent, but the server has read a request"));
            assert!(
                words.contains("alone: POLYAI_CELL='nobody listens ["),
                "{words}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_that_others_leave_open_has_the_cell_repeated_but_excuses_nothing_else() {
    let rows = rows::rows();
    let (cell, mut seen) = seen(&rows, UNTIMED);
    let left_open = |are_ours| LeftOpen {
        sockets: "0100007F:1F90".to_owned(),
        are_ours,
    };
    seen.left_open = Some(left_open(true));
    assert!(matches!(judge(&cell, &seen, 4), Verdict::Wrong(_)));
    seen.left_open = Some(left_open(false));
    assert!(
        matches!(judge(&cell, &seen, 4), Verdict::Disturbed(words) if words.contains("0100007F:1F90"))
    );
    seen.attempts += 1;
    assert!(matches!(judge(&cell, &seen, 4), Verdict::Wrong(_)));
}

#[test]
fn a_call_that_came_less_far_is_repeated_only_where_time_is_the_subject() {
    let rows = rows::rows();
    let (cell, mut timed) = seen(&rows, TIMED);
    timed.received.clear();
    timed.ledger = 0;
    assert!(matches!(judge(&cell, &timed, 4), Verdict::Disturbed(_)));
    let (cell, mut untimed) = seen(&rows, UNTIMED);
    untimed.received.clear();
    untimed.lateness = LATE;
    assert!(matches!(judge(&cell, &untimed, 4), Verdict::Wrong(_)));
}
