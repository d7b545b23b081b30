//! The enums of the core and the exceptions, one for each kind of error, as Java has them.

use std::fmt::Write;

use super::java_text::{javadoc, source};
use super::names::{KIND, class_name, members};
use crate::abi::{Abi, Constant};

/// An enum: its name and visibility, the beginning of its constants in C, what it says, and what a number is that only a newer
/// library knows.
type Enum = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const ENUMS: [Enum; 4] = [
    (
        "ErrorKind",
        "public ",
        KIND,
        "What kind of failure a {@link ChatException} is.",
        "UNRECOGNISED",
    ),
    (
        "Delivery",
        "public ",
        "POLYAI_DELIVERY_",
        "Whether the request of a failed call reached the conversation.",
        "UNKNOWN",
    ),
    (
        "ConversationState",
        "public ",
        "POLYAI_STATE_",
        "What is known about a conversation.",
        "IN_DOUBT",
    ),
    (
        "LogLevel",
        "",
        "POLYAI_LOG_",
        "How urgent a log line is.",
        "DEBUG",
    ),
];
const UNRECOGNISED: &str = "    /** A kind that only a newer library has: {@link ChatException#kindName()} names it. */\n    UNRECOGNISED(0)";

/// The exceptions that are not called as their kind, so that none is mistaken for one of the JDK's, which code that tries again may catch.
const RENAMED: [(&str, &str); 4] = [
    ("connect", "ConnectionFailed"),
    ("permission", "PermissionDenied"),
    ("protocol", "ProtocolViolation"),
    ("timeout", "DeadlineExceeded"),
];

/// The files, each with its path.
pub(crate) fn java_values(abi: &Abi) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for of in &ENUMS {
        let members: Vec<&Constant> = members(abi, of.2).collect();
        files.push(source("java", of.0, &enumeration(of, &members)));
        if of.2 == KIND {
            files.extend(members.into_iter().map(exception));
        }
    }
    files
}

fn enumeration((name, visibility, prefix, doc, newer): &Enum, members: &[&Constant]) -> String {
    let (mut rows, mut cases) = (Vec::new(), String::new());
    for member in members {
        let doc = javadoc(&member.doc.join(" "), "    ");
        let constant = member.name.trim_start_matches(prefix);
        rows.push(format!("{doc}    {constant}({})", member.value));
        let made = exception_name(constant);
        let _ = writeln!(
            cases,
            "            case {constant}:\n                return new {made}(details);"
        );
    }
    let mut exceptions = String::new();
    if *prefix == KIND {
        rows.push(UNRECOGNISED.to_owned());
        exceptions = include_str!("java_templates/exceptions.txt").replace("{CASES}", &cases);
    }
    let text = include_str!("java_templates/enum.txt");
    let text = text
        .replace("{NAME}", name)
        .replace("{VISIBILITY}", visibility)
        .replace("{DOC}", doc);
    text.replace("{NEWER}", newer)
        .replace("{ROWS}", &rows.join(",\n"))
        + &exceptions
        + "}\n"
}

fn exception_name(constant: &str) -> String {
    let kind = constant.to_lowercase();
    let renamed = RENAMED.iter().find(|(of, _)| *of == kind);
    let name = renamed.map_or_else(|| class_name(&kind), |(_, name)| (*name).to_owned());
    format!("{name}Exception")
}

fn exception(of: &Constant) -> (String, String) {
    let constant = of.name.trim_start_matches(KIND);
    let doc = format!(
        "{} Its kind is {{@link ErrorKind#{constant}}}.\n@since 0.1.0",
        of.doc.join(" ")
    );
    let (name, text) = (
        exception_name(constant),
        include_str!("java_templates/exception.txt"),
    );
    let text = text
        .replace("{NAME}", &name)
        .replace("{DOC}", &javadoc(&doc, ""));
    source("java", &name, &text)
}
