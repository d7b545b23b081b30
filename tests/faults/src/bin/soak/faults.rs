//! What the server does wrong, and how often.

use polyai_chat_simulator::{
    Action, Answer, AnswerBody, Direction, Fault, Moment, Pause, RetryAfter,
};

/// Beyond every deadline of the run.
const TOO_LONG_MS: u64 = 60_000;

/// Of a thousand occasions, how many meet each of these.
pub(crate) fn faults(seed: u64) -> impl Iterator<Item = Fault> {
    actions()
        .into_iter()
        .zip(0u64..)
        .map(move |((in_a_thousand, action), number)| {
            let seed = seed.wrapping_mul(4099).wrapping_add(number);
            Fault::new(action).probability(f64::from(in_a_thousand) / 1000.0, seed)
        })
}

fn actions() -> Vec<(u32, Action)> {
    let delay = |before| Action::delay(before, TOO_LONG_MS);
    let page = || AnswerBody::Text("<html>A gateway in between</html>".to_owned());
    let mut actions = vec![
        (15, Answer::status(429).into()),
        (
            5,
            Answer::status(429)
                .retry_after(RetryAfter::Seconds(0))
                .into(),
        ),
        (
            3,
            Answer::status(429)
                .retry_after(RetryAfter::Seconds(3600))
                .into(),
        ),
        (3, Answer::status(400).into()),
        (
            3,
            Answer::status(404).error_code("PROJECT_NOT_FOUND").into(),
        ),
        (1, Answer::status(404).into()),
        (1, Answer::status(410).into()),
        (2, Answer::status(302).header("Location", "/").into()),
        (
            3,
            Answer::status(400)
                .error_code("FUNCTION_EXECUTION_FAILED")
                .processed()
                .into(),
        ),
        (5, Answer::status(500).processed().into()),
        (5, Answer::status(502).body("text/html", page()).into()),
        (5, Answer::status(503).into()),
        (3, Answer::status(503).processed().into()),
        (2, Answer::status(408).processed().into()),
        (
            3,
            Answer::status(200)
                .body("text/html", page())
                .processed()
                .into(),
        ),
        (
            3,
            Action::Garbage {
                text: "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
            },
        ),
        (3, Action::WrongLength { by: 9 }),
        (3, Action::WrongLength { by: -9 }),
        (
            3,
            Action::Surplus {
                text: "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"response\":\"wrong\"}"
                    .to_owned(),
            },
        ),
        (
            3,
            Action::altered(polyai_chat_core::Value::Null, &["response", "success"]),
        ),
        (
            3,
            Action::EndlessBody {
                bytes_per_second: 1_000_000,
            },
        ),
        (3, Action::drip(Direction::Headers, 1, 20)),
        (3, Action::drip(Direction::Body, 1, 100)),
        // Half of all idle connections live no longer than an average pause.
        (
            250,
            Action::CloseIdle {
                after_ms: 150,
                reset: false,
            },
        ),
        (
            250,
            Action::CloseIdle {
                after_ms: 100,
                reset: true,
            },
        ),
        (20, Action::Close { at: Moment::Accept }),
        (
            20,
            Action::Reset {
                at: Moment::Handshake,
            },
        ),
        (5, delay(Pause::Accept)),
        (5, delay(Pause::Handshake)),
        (3, delay(Pause::Read)),
        (5, delay(Pause::Turn)),
        (5, delay(Pause::Headers)),
        (3, delay(Pause::Body)),
    ];
    for at in [
        Moment::BeforeRead,
        Moment::AfterHead,
        Moment::AfterRequest,
        Moment::AfterTurn,
        Moment::InHeaders,
        Moment::InBody,
        Moment::AfterReply,
    ] {
        actions.push((3, Action::Close { at }));
        actions.push((3, Action::Reset { at }));
    }
    actions
}
