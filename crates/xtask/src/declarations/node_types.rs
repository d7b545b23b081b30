//! The types of what the npm package has of the tables of the core.

use std::fmt::Write;

use serde_json::Value;

use super::names::{ENUMS, camel_case, members};
use super::node::{error_name, operations, option_type};
use super::source_text::limits;
use crate::abi::{Abi, Constant};
use crate::documentation::wrapped;
use crate::tables::OptionRow;

/// The operations, with the interface of what their calls can carry.
const CALLS: [(&str, &str); 3] = [
    ("create", "CreateFields"),
    ("respond", "RespondFields"),
    ("close", "CloseFields"),
];

/// What `tables.d.ts` declares.
pub(super) fn types(abi: &Abi, kinds: &[&Constant]) -> String {
    let mut text = String::from("import { ChatError } from './error.js';\n");
    for (name, prefix, about) in ENUMS {
        let members = members(abi, prefix).filter_map(|member| {
            Some(format!(
                "\n  /** {} */\n  | '{}'",
                member.doc.join(" "),
                member.member.as_deref()?
            ))
        });
        let union: String = members.collect();
        let _ = writeln!(
            text,
            "\n{}export type {name} ={union};",
            doc(&format!("{about} Since 0.1.0."), "")
        );
    }
    let options: String = abi.options.iter().map(option).collect();
    let about = "The options of a client; `undefined` is one that is not given. Since 0.1.0.";
    let _ = writeln!(
        text,
        "\n{}export interface Options {{{options}\n}}",
        doc(about, "")
    );
    for (operation, name) in CALLS {
        let has =
            |row: &&Value| operations(row).contains(&operation) && !is_argument(operation, row);
        let fields: String = abi
            .request_fields
            .iter()
            .filter(has)
            .filter_map(field)
            .collect();
        let about = format!("What the request of a {operation} can hold. Since 0.1.0.");
        let _ = writeln!(
            text,
            "\n{}export interface {name} {{{fields}\n}}",
            doc(&about, "")
        );
    }
    for kind in kinds {
        let Some(member) = kind.member.as_deref() else {
            continue;
        };
        let about = format!(
            "{} Its kind is `{member}`. Since 0.1.0.",
            kind.doc.join(" ")
        );
        let _ = writeln!(
            text,
            "\n{}export class {} extends ChatError {{\n  readonly kind: '{member}';\n}}",
            doc(&about, ""),
            error_name(kind)
        );
    }
    in_camel_case(abi, &text)
}

/// Names of options and fields in a comment, as they are called here.
fn in_camel_case(abi: &Abi, text: &str) -> String {
    let fields = abi
        .request_fields
        .iter()
        .filter_map(|row| row["name"].as_str());
    let names = abi.options.iter().map(|row| row.name).chain(fields);
    let named = names.fold(text.to_owned(), |text, name| {
        text.replace(&format!("`{name}`"), &format!("`{}`", camel_case(name)))
    });
    named.replace("`retry_after`", "`retryAfterMs`")
}

/// The message of a turn is no field, but an argument of its own.
fn is_argument(operation: &str, row: &Value) -> bool {
    operation == "respond" && row["name"] == "message"
}

fn option(row: &OptionRow) -> String {
    let unit = match row.unit {
        "" => String::new(),
        "ms" => "In milliseconds. ".to_owned(),
        unit => format!("In {unit}. "),
    };
    let about = format!("{} {unit}{}", row.meaning, limits(row, ""));
    let of = match row.words {
        Some(words) => words
            .iter()
            .map(|word| format!("'{word}'"))
            .collect::<Vec<_>>()
            .join(" | "),
        None => option_type(row).to_owned(),
    };
    member(&about, row.name, &of)
}

fn field(row: &Value) -> Option<String> {
    let of = match row["json_type"] == "object" {
        true => "Record<string, unknown>",
        false => "string",
    };
    Some(member(row["meaning"].as_str()?, row["name"].as_str()?, of))
}

fn member(about: &str, name: &str, of: &str) -> String {
    format!(
        "\n{}  {}?: {of} | undefined;",
        doc(about, "  "),
        camel_case(name)
    )
}

/// A text as a comment, with an indent.
fn doc(text: &str, indent: &str) -> String {
    let lines = wrapped(text, 120);
    match lines.as_slice() {
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let lines: String = lines
                .iter()
                .map(|line| format!("{indent} * {line}\n"))
                .collect();
            format!("{indent}/**\n{lines}{indent} */\n")
        }
    }
}
