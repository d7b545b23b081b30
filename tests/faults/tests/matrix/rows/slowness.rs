//! Everything that takes longer than the deadline.

use crate::expectation::fails;
use crate::row::{Row, SHORT, Trouble};
use polyai_chat_core::Delivery::{NotSent, Unknown};
use polyai_chat_core::ErrorKind::{Connect, Protocol, Timeout};
use polyai_chat_simulator::{Action, Direction, Pause};
use std::time::Duration;

/// Longer than any test waits.
const FOREVER_MS: u64 = 600_000;
/// What three attempts take that a limit of a second ends.
const THREE_SECONDS: Duration = Duration::from_secs(3);

pub(super) fn rows() -> Vec<Row> {
    let by_the_deadline = |delivery| fails(Timeout, delivery).takes(SHORT..=SHORT);
    let slow = |words: &str, action| Row::new(words, Trouble::Always(vec![action])).short();
    let delay = |before| Action::delay(before, FOREVER_MS);
    let drip = |part, bytes, every_ms| Action::drip(part, bytes, every_ms);
    vec![
        slow("TLS is not begun", delay(Pause::Accept))
            .over_tls()
            .on_new()
            .any(by_the_deadline(NotSent).nothing_arrives()),
        slow("the TLS handshake stalls", delay(Pause::Handshake))
            .over_tls()
            .on_new()
            .any(by_the_deadline(NotSent).nothing_arrives()),
        Row::new(
            "the TLS handshake stalls beyond `connect_timeout_ms`",
            Trouble::Always(vec![delay(Pause::Handshake)]),
        )
        .timed()
        .option("connect_timeout_ms", "1000")
        .over_tls()
        .on_new()
        .any(
            fails(Connect, NotSent)
                .nothing_arrives()
                .attempts(3)
                .takes(THREE_SECONDS..=THREE_SECONDS),
        ),
        slow("accepted, and then silence", delay(Pause::Accept))
            .over_plain()
            .on_new()
            .any(by_the_deadline(Unknown).nothing_arrives()),
        slow("the request is not read", delay(Pause::Read))
            .any(by_the_deadline(Unknown).nothing_arrives()),
        slow(
            "the request is read slowly, to its end after the deadline",
            drip(Direction::Request, 512, 100),
        )
        .padded(8192)
        .any(by_the_deadline(Unknown).taken()),
        slow("the service does not come to act", delay(Pause::Turn)).any(by_the_deadline(Unknown)),
        slow(
            "the service has acted and says nothing",
            delay(Pause::Headers),
        )
        .any(by_the_deadline(Unknown).taken()),
        slow(
            "the reply's headers come a byte at a time",
            drip(Direction::Headers, 1, 60),
        )
        .any(by_the_deadline(Unknown).taken()),
        slow("no body follows the reply's headers", delay(Pause::Body))
            .any(by_the_deadline(Unknown).taken()),
        slow(
            "the reply's body comes a byte at a time",
            drip(Direction::Body, 1, 60),
        )
        .any(by_the_deadline(Unknown).taken()),
        slow(
            "the reply's body never ends, 1 MB/s",
            Action::EndlessBody {
                bytes_per_second: 1_000_000,
            },
        )
        .any(by_the_deadline(Unknown).taken()),
        Row::new(
            "the reply's body never ends, 50 MB/s, up to `max_body_bytes`",
            Trouble::Always(vec![Action::EndlessBody {
                bytes_per_second: 50_000_000,
            }]),
        )
        .option("max_body_bytes", "1000000")
        .turn(fails(Protocol, Unknown).taken())
        .close(fails(Protocol, Unknown).requests(3).taken()),
        slow(
            "the reply promises 20 bytes more than it has",
            Action::WrongLength { by: 20 },
        )
        .any(by_the_deadline(Unknown).taken()),
    ]
}
