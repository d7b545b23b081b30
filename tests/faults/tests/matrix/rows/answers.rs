//! Statuses other than 2xx.

use crate::expectation::{Expectation, fails, succeeds};
use crate::row::{PATIENCE, Row, Trouble};
use polyai_chat_core::Delivery::{Rejected, Unknown};
use polyai_chat_core::ErrorKind;
use polyai_chat_simulator::{Action, Answer, AnswerBody, Moment, RetryAfter};
use std::time::Duration;

fn always(words: impl Into<String>, answer: Answer) -> Row {
    Row::new(words, Trouble::Always(vec![answer.into()]))
}

fn once(words: impl Into<String>, answer: Answer) -> Row {
    Row::new(words, Trouble::Once(vec![answer.into()]))
}

fn rejected(kind: ErrorKind) -> Expectation {
    fails(kind, Rejected)
}

/// Long before the deadline.
fn at_once(expectation: Expectation) -> Expectation {
    expectation.takes(Duration::ZERO..=PATIENCE / 2)
}

pub(super) fn refusals() -> Vec<Row> {
    let mut rows = Vec::new();
    for (status, code, kind) in [
        (400, "SCHEMA_VALIDATION_FAILED", ErrorKind::Rejected),
        (400, "CHAT_DRAFT_NOT_EXIST", ErrorKind::Rejected),
        (401, "AUTH_USER_INVALID_TOKEN", ErrorKind::Authentication),
        (403, "USER_ACCESS_FORBIDDEN", ErrorKind::Permission),
        (404, "PROJECT_NOT_FOUND", ErrorKind::NotFound),
        (405, "NEVER_SEEN_BEFORE", ErrorKind::Rejected),
        (409, "NEVER_SEEN_BEFORE", ErrorKind::Rejected),
        (413, "NEVER_SEEN_BEFORE", ErrorKind::Rejected),
        (422, "NEVER_SEEN_BEFORE", ErrorKind::Rejected),
    ] {
        let answer = Answer::status(status).error_code(code);
        rows.push(always(format!("{status} `{code}`"), answer).any(rejected(kind)));
    }
    for (status, code, kind) in [
        (400, "CHAT_TIMEOUT", ErrorKind::ConversationEnded),
        (404, "CONVERSATIONS_NOT_FOUND", ErrorKind::NotFound),
        (410, "CHAT_CONVERSATION_ENDED", ErrorKind::ConversationEnded),
        (410, "ChatConversationEnded", ErrorKind::ConversationEnded),
    ] {
        let answer = Answer::status(status).error_code(code);
        rows.push(
            always(format!("{status} `{code}`"), answer)
                .turn(rejected(kind))
                .close(succeeds().not_taken()),
        );
    }
    rows.push(
        always("410 with a page", page(410))
            .turn(rejected(ErrorKind::ConversationEnded))
            .close(succeeds().not_taken()),
    );
    rows.push(always("403 with a page", page(403)).any(rejected(ErrorKind::Permission)));
    rows.push(
        always(
            "403 with an empty body",
            Answer::status(403).body("", AnswerBody::Text(String::new())),
        )
        .any(rejected(ErrorKind::Permission)),
    );
    rows.push(
        Row::new(
            "422, cut in its body",
            Trouble::Always(vec![
                Answer::status(422).into(),
                Action::Close { at: Moment::InBody },
            ]),
        )
        .any(rejected(ErrorKind::Rejected)),
    );
    let refused = AnswerBody::Json(serde_json::json!({"success": false, "error": "not now"}));
    rows.push(
        always(
            "200 with `success: false`",
            Answer::status(200).body("application/json", refused),
        )
        .turn(fails(ErrorKind::Protocol, Unknown))
        .close(rejected(ErrorKind::Rejected)),
    );
    rows
}

fn page(status: u16) -> Answer {
    let text = "<html><body>A gateway in between</body></html>";
    Answer::status(status).body("text/html", AnswerBody::Text(text.to_owned()))
}

pub(super) fn rate_limits() -> Vec<Row> {
    let limited = || rejected(ErrorKind::RateLimited);
    let answer = || Answer::status(429);
    let hour = Duration::from_secs(3600);
    let second = Duration::from_secs(1);
    vec![
        always("429", answer()).any(limited().requests(3)),
        once("429, once", answer()).any(succeeds().requests(2)),
        always("429, retries switched off", answer())
            .option("max_attempts", "1")
            .any(limited()),
        always("429, no retries in store", answer())
            .option("retry_budget", "0")
            .any(limited()),
        always(
            "429, `Retry-After: 0`",
            answer().retry_after(RetryAfter::Seconds(0)),
        )
        .any(limited().requests(3)),
        once(
            "429, `Retry-After: 1`, once",
            answer().retry_after(RetryAfter::Seconds(1)),
        )
        .any(succeeds().requests(2).takes(second..=PATIENCE)),
        once(
            "429, `Retry-After` with a date 3 s ahead, once",
            answer().retry_after(RetryAfter::DateInSeconds(3)),
        )
        .any(succeeds().requests(2).takes(second..=PATIENCE)),
        always(
            "429, `Retry-After: 3600`",
            answer().retry_after(RetryAfter::Seconds(3600)),
        )
        .any(at_once(limited()).retry_after(hour..=hour)),
        always(
            "429, `Retry-After` with a date an hour ahead",
            answer().retry_after(RetryAfter::DateInSeconds(3600)),
        )
        .any(at_once(limited()).retry_after(hour - PATIENCE..=hour)),
        always(
            "429, `Retry-After` that cannot be understood",
            answer().header("Retry-After", "soon"),
        )
        .any(limited()),
        Row::new(
            "429, cut in its body, once",
            Trouble::Once(vec![answer().into(), Action::Close { at: Moment::InBody }]),
        )
        .any(succeeds().requests(2)),
    ]
}

pub(super) fn failures() -> Vec<Row> {
    let server = || fails(ErrorKind::Server, Unknown);
    let mut rows = Vec::new();
    for status in [408, 500, 502, 503, 504] {
        let row = |words: &str, answer: Answer, turn: Expectation| {
            always(format!("{status}, {words}"), answer)
                .turn(turn.clone())
                .close(turn.requests(3))
        };
        let answer = || Answer::status(status);
        rows.push(row("not acted on", answer(), server()));
        rows.push(row("acted on", answer().processed(), server().taken()));
        rows.push(
            once(format!("{status}, acted on, once"), answer().processed())
                .turn(server().taken())
                .close(succeeds().requests(2)),
        );
    }
    rows.push(
        always("502 with a page", page(502))
            .turn(server())
            .close(server().requests(3)),
    );
    rows.push(
        Row::new(
            "500, acted on, cut in its body",
            Trouble::Always(vec![
                Answer::status(500).processed().into(),
                Action::Reset { at: Moment::InBody },
            ]),
        )
        .turn(server().taken())
        .close(server().requests(3).taken()),
    );
    rows.push(
        always(
            "503, `Retry-After: 0`",
            Answer::status(503).retry_after(RetryAfter::Seconds(0)),
        )
        .turn(server())
        .close(server().requests(3)),
    );
    rows.push(
        always(
            "503, `Retry-After: 3600`",
            Answer::status(503).retry_after(RetryAfter::Seconds(3600)),
        )
        .any(at_once(server())),
    );
    rows.push(
        always("503, not acted on, with `retry_503`", Answer::status(503))
            .option("retry_503", "true")
            .any(rejected(ErrorKind::Server).requests(3)),
    );
    rows.push(
        once(
            "503, not acted on, once, with `retry_503`",
            Answer::status(503),
        )
        .option("retry_503", "true")
        .any(succeeds().requests(2)),
    );
    let agent_failed = || {
        Answer::status(400)
            .error_code("FUNCTION_EXECUTION_FAILED")
            .processed()
    };
    let unknown = || fails(ErrorKind::Rejected, Unknown).taken();
    rows.push(
        always("400 `FUNCTION_EXECUTION_FAILED`, acted on", agent_failed())
            .turn(unknown())
            .close(unknown().requests(3)),
    );
    for (words, cut) in [
        ("cut in its body", Action::Close { at: Moment::InBody }),
        (
            "9 bytes longer than it says",
            Action::WrongLength { by: -9 },
        ),
    ] {
        rows.push(
            Row::new(
                format!("400 `FUNCTION_EXECUTION_FAILED`, acted on, {words}"),
                Trouble::Always(vec![agent_failed().into(), cut]),
            )
            .turn(unknown())
            .close(unknown().requests(3)),
        );
    }
    rows
}

pub(super) fn redirects() -> Vec<Row> {
    let to = |status| {
        let answer = Answer::status(status)
            .header("Location", "http://127.0.0.1:1/elsewhere")
            .body(
                "text/html",
                AnswerBody::Text("<html>moved</html>".to_owned()),
            );
        (format!("{status}"), answer)
    };
    let mut rows: Vec<Row> = [301, 302, 307, 308]
        .into_iter()
        .map(|status| {
            let (words, answer) = to(status);
            always(words, answer).any(rejected(ErrorKind::Protocol))
        })
        .collect();
    let (words, answer) = to(303);
    let unknown = || fails(ErrorKind::Protocol, Unknown).taken();
    rows.push(
        always(format!("{words}, acted on"), answer.processed())
            .turn(unknown())
            .close(unknown().requests(3)),
    );
    rows
}
