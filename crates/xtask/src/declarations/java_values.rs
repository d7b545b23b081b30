//! The enums of the core and the exceptions, one for each kind of error, as Java has them.

use std::fmt::Write;

use super::java_text::{javadoc, source};
use super::names::{ENUMS, KIND, error_class, members};
use crate::abi::{Abi, Constant};

/// The member of an enum that stands for a number which only a newer library knows.
fn newer_member(name: &str) -> &'static str {
    match name {
        "ErrorKind" => "UNRECOGNISED",
        "Delivery" => "UNKNOWN",
        "ConversationState" => "IN_DOUBT",
        _ => "DEBUG",
    }
}

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
    for (name, prefix, about) in ENUMS {
        let members: Vec<&Constant> = members(abi, prefix).collect();
        let text = enumeration(name, prefix, about, &members);
        files.push(source("java", name, &text));
        if prefix == KIND {
            files.extend(members.into_iter().map(exception));
        }
    }
    files
}

fn enumeration(name: &str, prefix: &str, about: &str, members: &[&Constant]) -> String {
    let (mut rows, mut cases) = (Vec::new(), String::new());
    for member in members {
        let doc = javadoc(&member.doc.join(" "), "    ");
        let constant = member.name.trim_start_matches(prefix);
        rows.push(format!("{doc}    {constant}({})", member.value));
        let made = exception_name(member);
        let _ = writeln!(
            cases,
            "            case {constant}:\n                return new {made}(details);"
        );
    }
    let mut exceptions = String::new();
    if prefix == KIND {
        rows.push(UNRECOGNISED.to_owned());
        exceptions = include_str!("java_templates/exceptions.txt").replace("{CASES}", &cases);
    }
    // Log lines are given to the host's own logger, which has levels of its own.
    let visibility = if name == "LogLevel" { "" } else { "public " };
    let text = include_str!("java_templates/enum.txt");
    let text = text
        .replace("{NAME}", name)
        .replace("{VISIBILITY}", visibility)
        .replace("{DOC}", about);
    text.replace("{NEWER}", newer_member(name))
        .replace("{ROWS}", &rows.join(",\n"))
        + &exceptions
        + "}\n"
}

fn exception_name(kind: &Constant) -> String {
    error_class(kind, &RENAMED) + "Exception"
}

fn exception(of: &Constant) -> (String, String) {
    let constant = of.name.trim_start_matches(KIND);
    let doc = format!(
        "{} Its kind is {{@link ErrorKind#{constant}}}.\n@since 0.1.0",
        of.doc.join(" ")
    );
    let (name, text) = (
        exception_name(of),
        include_str!("java_templates/exception.txt"),
    );
    let text = text
        .replace("{NAME}", &name)
        .replace("{DOC}", &javadoc(&doc, ""));
    source("java", &name, &text)
}
