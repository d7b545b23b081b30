//! Connections that are never made, or end at any moment.

use crate::expectation::{Expectation, fails, succeeds};
use crate::row::{Row, Trouble};
use polyai_chat_core::Delivery::{NotSent, Unknown};
use polyai_chat_core::ErrorKind::{Connect, Protocol};
use polyai_chat_simulator::{Action, Moment, TlsIdentity};

/// Nothing has left, so it is tried as often as `max_attempts` says.
fn not_connected() -> Expectation {
    fails(Connect, NotSent).nothing_arrives().attempts(3)
}

pub(super) fn not_opened() -> Vec<Row> {
    let refused_certificate = || fails(Connect, NotSent).nothing_arrives();
    let certificate = |words: &str, make, trusted| {
        Row::new(words, Trouble::Certificate(make, trusted))
            .over_tls()
            .any(refused_certificate())
    };
    let mut rows = vec![
        Row::new("nobody listens", Trouble::NobodyListens).any(not_connected()),
        Row::new(
            "nobody listens, retries switched off",
            Trouble::NobodyListens,
        )
        .option("max_attempts", "1")
        .any(not_connected().attempts(1)),
        Row::new(
            "nobody listens, no retries in store",
            Trouble::NobodyListens,
        )
        .option("retry_budget", "0")
        .any(not_connected().attempts(1)),
    ];
    for (ending, how) in ENDINGS {
        rows.push(
            Row::new(
                format!("{how} during the TLS handshake"),
                Trouble::Always(vec![ending(Moment::Handshake)]),
            )
            .over_tls()
            .on_new()
            .any(not_connected()),
        );
        rows.push(
            Row::new(
                format!("{how} during the TLS handshake, once"),
                Trouble::Once(vec![ending(Moment::Handshake)]),
            )
            .over_tls()
            .on_new()
            .any(succeeds().attempts(2)),
        );
        rows.push(
            Row::new(
                format!("{how} as soon as it is accepted, before TLS"),
                Trouble::Always(vec![ending(Moment::Accept)]),
            )
            .over_tls()
            .on_new()
            .any(not_connected()),
        );
        rows.push(
            Row::new(
                format!("{how} as soon as it is accepted"),
                Trouble::Always(vec![ending(Moment::Accept)]),
            )
            .over_plain()
            .on_new()
            .turn(fails(Connect, Unknown).nothing_arrives().or_not_sent())
            .close(
                fails(Connect, Unknown)
                    .nothing_arrives()
                    .or_not_sent()
                    .attempts(3),
            ),
        );
    }
    rows.push(certificate(
        "a certificate of an unknown authority",
        TlsIdentity::generate,
        false,
    ));
    rows.push(certificate(
        "a certificate that has expired",
        TlsIdentity::expired,
        true,
    ));
    rows.push(certificate(
        "a certificate that is not valid yet",
        TlsIdentity::not_yet_valid,
        true,
    ));
    rows.push(certificate(
        "a certificate for another host",
        || TlsIdentity::for_names(&["other.example"]),
        true,
    ));
    rows.push(certificate(
        "a certificate that no authority has signed",
        TlsIdentity::self_signed,
        false,
    ));
    rows
}

type Ending = fn(Moment) -> Action;

const ENDINGS: [(Ending, &str); 2] = [
    (|at| Action::Close { at }, "closed"),
    (|at| Action::Reset { at }, "reset"),
];

pub(super) fn ended() -> Vec<Row> {
    let mut rows = Vec::new();
    for (ending, how) in ENDINGS {
        let lost = |at, words: &str, turn: Expectation| {
            // A close may be sent again, and is.
            let close = match turn.requests == (0..=0) {
                true => turn.clone().attempts(3),
                false => turn.clone().requests(3),
            };
            Row::new(format!("{how} {words}"), Trouble::Always(vec![ending(at)]))
                .turn(turn)
                .close(close)
        };
        let unknown = || fails(Connect, Unknown);
        rows.push(lost(
            Moment::BeforeRead,
            "when the first bytes have come",
            unknown().nothing_arrives(),
        ));
        rows.push(lost(
            Moment::AfterHead,
            "after the request's headers",
            unknown().nothing_arrives(),
        ));
        rows.push(lost(
            Moment::AfterRequest,
            "after the whole request",
            unknown(),
        ));
        rows.push(lost(
            Moment::AfterTurn,
            "when the service has acted, before the reply",
            unknown().taken(),
        ));
        rows.push(
            Row::new(
                format!("{how} when the service has acted, before the reply, once"),
                Trouble::Once(vec![ending(Moment::AfterTurn)]),
            )
            .turn(unknown().taken())
            .close(succeeds().requests(2)),
        );
        rows.push(lost(
            Moment::InHeaders,
            "in the reply's headers",
            unknown().taken(),
        ));
        rows.push(lost(
            Moment::InBody,
            "in the reply's body",
            fails(Protocol, Unknown).taken(),
        ));
        rows.push(
            Row::new(
                format!("{how} after the reply, unannounced"),
                Trouble::Always(vec![ending(Moment::AfterReply)]),
            )
            .any(succeeds()),
        );
    }
    rows
}

pub(super) fn idle() -> Vec<Row> {
    let ended =
        |words: &str, by_reset| Row::new(words, Trouble::IdleEnded { by_reset }).any(succeeds());
    vec![
        ended("the idle connection was closed before the call", false),
        ended("the idle connection was reset before the call", true),
    ]
}
