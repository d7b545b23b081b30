//! The tables of the README are those of the code. `make documents` (`POLYAI_WRITE_DOCUMENTS=1`) writes them anew.
#![cfg(test)]

use polyai_chat_core::{ErrorKind, OPTIONS};
use std::fmt::Write;
use std::path::Path;

fn options() -> String {
    let mut table =
        "| option | environment | default | what it is for |\n| --- | --- | --- | --- |\n"
            .to_owned();
    for option in OPTIONS {
        let default = match (option.default, option.is_secret()) {
            (Some(default), _) => format!("`{default}`"),
            (None, true) => "(secret)".to_owned(),
            (None, false) => String::new(),
        };
        let variable = option.environment_variable();
        writeln!(
            table,
            "| `{}` | `{variable}` | {default} | {} |",
            option.name, option.summary
        )
        .unwrap();
    }
    table
}

fn errors() -> String {
    let mut table = "| | kind | what it means |\n| --- | --- | --- |\n".to_owned();
    for kind in ErrorKind::ALL {
        writeln!(
            table,
            "| {} | `{}` | {} |",
            kind.number(),
            kind.name(),
            kind.meaning()
        )
        .unwrap();
    }
    table
}

fn with_block(text: &str, name: &str, content: &str) -> String {
    let (before, rest) = text.split_once(&format!("<!-- {name}: begin")).unwrap();
    let (marker, rest) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once(&format!("<!-- {name}: end -->")).unwrap();
    format!("{before}<!-- {name}: begin{marker}-->\n\n{content}\n<!-- {name}: end -->{after}")
}

#[test]
fn the_readme_shows_the_tables_of_the_code() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = std::fs::read_to_string(&readme).unwrap();
    let expected = with_block(
        &with_block(&text, "options", &options()),
        "errors",
        &errors(),
    );
    if std::env::var_os("POLYAI_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&readme, expected).unwrap();
    } else {
        assert!(
            text == expected,
            "README.md is out of step with the code; run `make documents`"
        );
    }
}
