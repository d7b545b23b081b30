//! Prints the table into `docs/reliability.md`, or compares them. `make documents` writes it anew.

use crate::expectation::Expectation;
use crate::row::Row;
use crate::rows::chapters;
use polyai_chat_core::Operation;
use polyai_chat_simulator::Dialect;
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::path::Path;

#[test]
fn the_document_shows_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- matrix: begin").unwrap();
    let (marker, rest) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once("<!-- matrix: end -->").unwrap();
    let expected = format!(
        "{before}<!-- matrix: begin{marker}-->\n\n{}<!-- matrix: end -->{after}",
        tables()
    );
    if std::env::var_os("POLYAI_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, expected).unwrap();
    } else {
        assert!(
            text == expected,
            "docs/reliability.md is out of step with the matrix; run `make documents`"
        );
    }
}

fn tables() -> String {
    let mut text = String::new();
    for (heading, rows) in chapters() {
        write!(
            text,
            "### {heading}\n\n| what happens | create and respond | | close | |\n| --- | --- | --- | --- | --- |\n"
        )
        .unwrap();
        for row in rows {
            writeln!(
                text,
                "| {} | {} | {} |",
                words(&row),
                columns(row.turn.as_ref()),
                columns(row.close.as_ref())
            )
            .unwrap();
        }
        text.push('\n');
    }
    text
}

fn words(row: &Row) -> String {
    let mut limits = Vec::new();
    match row.over_tls {
        Some(true) if !row.words.contains("TLS") && !row.words.contains("certificate") => {
            limits.push("over TLS");
        }
        Some(false) => limits.push("in plain text"),
        _ => {}
    }
    match row.only {
        Some((Operation::Create, Dialect::Current)) => limits.push("create"),
        Some((Operation::Respond, Dialect::Current)) => limits.push("respond, current dialect"),
        _ => {}
    }
    match limits.is_empty() {
        true => row.words.clone(),
        false => format!("{} ({})", row.words, limits.join(", ")),
    }
}

fn columns(expectation: Option<&Expectation>) -> String {
    let Some(expectation) = expectation else {
        return " | ".to_owned();
    };
    let outcome = match &expectation.failure {
        None => "success".to_owned(),
        Some(failure) => {
            let deliveries: Vec<_> = failure
                .deliveries
                .iter()
                .map(|delivery| format!("`{delivery}`"))
                .collect();
            format!("`{}`, {}", failure.kind, deliveries.join(" or "))
        }
    };
    format!(
        "{outcome} | {} / {} / {}",
        span(&expectation.attempts),
        span(&expectation.requests),
        expectation.taken
    )
}

fn span(range: &RangeInclusive<u64>) -> String {
    match range.start() == range.end() {
        true => range.start().to_string(),
        false => format!("{} to {}", range.start(), range.end()),
    }
}
