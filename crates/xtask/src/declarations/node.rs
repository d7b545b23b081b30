//! What the npm package has of the tables of the core: options, the fields of a request, and a class for each kind of error.

use std::fmt::Write;

use serde_json::Value;

use super::names::{KIND, camel_case, error_class, members};
use super::node_types;
use super::source_text::source_file;
use crate::abi::{Abi, Constant};
use crate::tables::OptionRow;

/// The classes that are not called as their kind, so that none is mistaken for one that code for retries may look for.
const RENAMED: [(&str, &str); 3] = [
    ("cancelled", "CallCancelled"),
    ("permission", "PermissionDenied"),
    ("timeout", "DeadlineExceeded"),
];

/// The files, each with its path.
pub(crate) fn node(abi: &Abi) -> Vec<(String, String)> {
    let kinds: Vec<&Constant> = members(abi, KIND).collect();
    vec![
        file("tables.js", &tables(abi, &kinds)),
        file("errors.js", &errors(&kinds)),
        file("tables.d.ts", &node_types::types(abi, &kinds)),
    ]
}

fn tables(abi: &Abi, kinds: &[&Constant]) -> String {
    let mut text = String::from("'use strict';\n\nconst errors = require('./errors.js');\n\n");
    let _ = writeln!(
        text,
        "/** The options of a client: the name here, that of the core, and the type. */\nexports.OPTIONS = new Map([{}\n]);\n",
        rows(abi.options.iter().map(|row| {
            let of = option_type(row);
            format!("['{}', ['{}', '{of}']]", camel_case(row.name), row.name)
        }))
    );
    let fields = abi.request_fields.iter().filter_map(|row| {
        let (name, operations) = (row["name"].as_str()?, operations(row));
        let operations: Vec<_> = operations.iter().map(|one| format!("'{one}'")).collect();
        let of = row["json_type"].as_str()?;
        Some(format!(
            "['{}', ['{name}', '{of}', [{}]]]",
            camel_case(name),
            operations.join(", ")
        ))
    });
    let _ = writeln!(
        text,
        "/** The fields of requests: the name here, that of the core, the type, and the operations that have it. */\n\
         exports.FIELDS = new Map([{}\n]);\n",
        rows(fields)
    );
    let levels = members(abi, "POLYAI_LOG_").map(|level| {
        let name = level.member.as_deref().unwrap_or_default();
        format!("['{name}', {}]", level.value)
    });
    let _ = writeln!(
        text,
        "/** The levels of log lines, with their numbers. */\nexports.LOG_LEVELS = new Map([{}\n]);\n",
        rows(levels)
    );
    let classes = kinds.iter().filter_map(|kind| {
        let (kind, name) = (kind.member.as_deref()?, error_name(kind));
        Some(format!("['{kind}', errors.{name}]"))
    });
    let _ = write!(
        text,
        "/** The class of each kind of error. */\nexports.ERRORS = new Map([{}\n]);\n",
        rows(classes)
    );
    text
}

fn errors(kinds: &[&Constant]) -> String {
    let classes: String = kinds
        .iter()
        .map(|kind| error_name(kind))
        .map(|name| format!("exports.{name} = class {name} extends ChatError {{}};\n"))
        .collect();
    format!("'use strict';\n\nconst {{ ChatError }} = require('./error.js');\n\n{classes}")
}

fn rows(each: impl Iterator<Item = String>) -> String {
    each.map(|row| format!("\n  {row},")).collect()
}

pub(super) fn operations(row: &Value) -> Vec<&str> {
    let of = |dialect| row[dialect].as_array().into_iter().flatten();
    let mut all: Vec<&str> = of("current")
        .chain(of("legacy"))
        .filter_map(Value::as_str)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

pub(super) fn option_type(row: &OptionRow) -> &'static str {
    match row.kind {
        "number" => "number",
        "flag" => "boolean",
        _ => "string",
    }
}

pub(super) fn error_name(kind: &Constant) -> String {
    error_class(kind, &RENAMED) + "Error"
}

fn file(name: &str, body: &str) -> (String, String) {
    source_file(format!("bindings/node/chat/{name}"), body)
}
