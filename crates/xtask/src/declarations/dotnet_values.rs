//! What .NET has of the tables of the core: enums, an exception for each kind of error, the options of a client and the fields of
//! a request.

use std::fmt::Write;

use serde_json::Value;

use super::dotnet::{commented, escaped, source, xml};
use super::names::{ENUMS, KIND, class_name, error_class, members};
use super::source_text::limits;
use crate::abi::{Abi, Constant};
use crate::tables::OptionRow;

const SINCE: &str = "/// <remarks>Since 0.1.0.</remarks>\n";

/// The files, each with its path.
pub(crate) fn dotnet_values(abi: &Abi) -> Vec<(String, String)> {
    let mut enums = Vec::new();
    for (name, prefix, about) in ENUMS {
        let rows: String = members(abi, prefix)
            .map(|member| {
                let doc = xml(&member.doc.join(" "), "        ");
                let constant = class_name(member.name.trim_start_matches(prefix));
                format!("{doc}        {constant} = {},\n", member.value)
            })
            .collect();
        let doc = xml(
            &format!("{about} A newer library may have more members than these."),
            "    ",
        );
        enums.push(format!(
            "{doc}    {SINCE}    public enum {name}\n    {{\n{rows}    }}\n"
        ));
    }
    // Cancelling has an exception of its own kind, written by hand.
    let kinds = members(abi, KIND).filter(|kind| kind.name != "POLYAI_STATUS_CANCELLED");
    let kinds: Vec<&Constant> = kinds.collect();
    let (mut classes, mut cases) = (String::new(), String::new());
    for kind in kinds {
        let name = error_class(kind, &[]);
        let doc = xml(&kind.doc.join(" "), "    ");
        let _ = writeln!(
            classes,
            "{doc}    {SINCE}    public sealed class Chat{name}Exception : ChatException\n    {{\n        \
             internal Chat{name}Exception(ErrorDetails details) : base(details) {{ }}\n    }}\n"
        );
        let _ = writeln!(
            cases,
            "                case ErrorKind.{name}: return new Chat{name}Exception(details);"
        );
    }
    let factory = format!(
        "    /// <summary>Makes the exception of a kind.</summary>\n    internal static class Exceptions\n    {{\n        \
         internal static ChatException Of(ErrorDetails details)\n        {{\n            switch (details.Kind)\n            {{\n{cases}                \
         default: return new ChatException(details);\n            }}\n        }}\n    }}\n"
    );
    let options = abi.options.iter().map(option);
    let fields = abi.request_fields.iter().filter_map(field);
    let options = partial("ChatClientBuilder", &options.collect::<Vec<_>>().join("\n"));
    let fields = partial("Request", &fields.collect::<Vec<_>>().join("\n"));
    vec![
        source("Enums", "", &enums.join("\n")),
        source("Exceptions", "", &(classes + &factory)),
        source("Options", "using System;\n\n", &options),
        source("Fields", "", &fields),
    ]
}

fn partial(class: &str, members: &str) -> String {
    format!("    public sealed partial class {class}\n    {{\n{members}    }}\n")
}

/// A method that sets an option; times are a `TimeSpan`.
fn option(row: &OptionRow) -> String {
    let name = row.name;
    let is_time = row.unit == "ms";
    let (of, method) = match row.kind {
        "number" if is_time => ("TimeSpan", class_name(name.trim_end_matches("_ms"))),
        "number" => ("long", class_name(name)),
        "flag" => ("bool", class_name(name)),
        _ => ("string", class_name(name)),
    };
    let unit = match row.unit {
        "" => String::new(),
        "ms" => "In whole milliseconds, a part of one counts as one. ".to_owned(),
        unit => format!("In {unit}. "),
    };
    let value = unit + &limits(row, if is_time { " ms" } else { "" });
    setter(row.meaning, &value, "ChatClientBuilder", &method, of, name)
}

/// A method that sets a field of a request; objects are given as JSON.
fn field(row: &Value) -> Option<String> {
    let name = row.get("name")?.as_str()?;
    let is_object = row.get("json_type")? == "object";
    let (json, value) = match is_object {
        true => ("Json", "A JSON object."),
        false => ("", "The text."),
    };
    let method = class_name(name) + json;
    let meaning = row.get("meaning")?.as_str()?;
    Some(setter(meaning, value, "Request", &method, "string", name))
}

fn setter(about: &str, value: &str, class: &str, method: &str, of: &str, name: &str) -> String {
    let doc = xml(about, "        ");
    let value = commented(
        &format!(
            "<param name=\"value\">{} A wrong value is refused when it is used.</param>",
            escaped(value)
        ),
        "        ",
    );
    format!(
        "{doc}{value}        /// <returns>This object.</returns>\n        {SINCE}        \
         public {class} {method}({of} value)\n        {{\n            return Set(\"{name}\", value);\n        }}\n"
    )
}
