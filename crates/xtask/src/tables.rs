//! What a binding needs to know beside the functions: options, fields, and the names of numbers.

use polyai_chat_core::{
    OPTIONS, Operation, OptionKind, OptionSpec, REGIONS, REQUEST_FIELDS, RequestField,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::abi::{Constant, Function, FunctionKind, Neutral, Role};

#[derive(Serialize)]
pub(crate) struct Tables {
    options: Vec<OptionRow>,
    request_fields: Vec<Value>,
    reply_fields: Vec<Value>,
    error_fields: Vec<Value>,
    error_kinds: Vec<Value>,
    deliveries: Vec<Value>,
    states: Vec<Value>,
    log_levels: Vec<Value>,
    regions: Vec<Value>,
}

pub(crate) fn tables(constants: &[Constant], functions: &[Function]) -> Tables {
    Tables {
        options: OPTIONS.iter().map(option).collect(),
        request_fields: REQUEST_FIELDS
            .iter()
            .map(request_field)
            .chain([correlation_id()])
            .collect(),
        reply_fields: fields(functions, "Reply"),
        error_fields: fields(functions, "Error"),
        error_kinds: names(constants, "polyai_status", "POLYAI_STATUS_"),
        deliveries: names(constants, "polyai_delivery", "POLYAI_DELIVERY_"),
        states: names(constants, "polyai_state", "POLYAI_STATE_"),
        log_levels: names(constants, "polyai_log_level", "POLYAI_LOG_"),
        regions: REGIONS
            .iter()
            .map(|region| json!({"name": region.name, "aliases": region.aliases}))
            .collect(),
    }
}

/// A row of the table of options.
#[derive(Serialize)]
struct OptionRow {
    name: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'static [&'static str]>,
    /// The least and the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    bounds: Option<[u64; 2]>,
    unit: &'static str,
    default: Option<&'static str>,
    secret: bool,
    environment_variable: String,
    meaning: &'static str,
}

fn option(option: &OptionSpec) -> OptionRow {
    let (mut words, mut bounds) = (None, None);
    let kind = match option.kind {
        OptionKind::Secret => "secret",
        OptionKind::Lines => "lines",
        OptionKind::SecretLines => "secret_lines",
        OptionKind::Proxy => "proxy",
        OptionKind::Identifier => "identifier",
        OptionKind::Path => "path",
        OptionKind::Flag => "flag",
        OptionKind::Choice(known) => {
            words = Some(known);
            "choice"
        }
        OptionKind::Number { minimum, maximum } => {
            bounds = Some([minimum, maximum]);
            "number"
        }
        _ => "text",
    };
    OptionRow {
        name: option.name,
        kind,
        words,
        bounds,
        unit: option.unit,
        default: option.default,
        secret: option.is_secret(),
        environment_variable: option.environment_variable(),
        meaning: option.summary,
    }
}

fn request_field(field: &RequestField) -> Value {
    json!({
        "name": field.name,
        "json_type": if field.is_json { "object" } else { "string" },
        "current": field.current.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "legacy": field.legacy.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "meaning": field.summary,
    })
}

/// It is set by name as the fields are, and leaves as a header.
fn correlation_id() -> Value {
    let operations = Operation::ALL.map(Operation::name);
    json!({
        "name": "correlation_id",
        "json_type": "string",
        "current": operations,
        "legacy": operations,
        "meaning": "The correlation id to send, instead of a new UUID v4.",
    })
}

/// What can be asked of an object without an argument, but for how many there are of something.
fn fields(functions: &[Function], object: &str) -> Vec<Value> {
    let mut fields = Vec::new();
    for function in functions {
        let asks_only = function.kind == FunctionKind::Method
            && !function.method.ends_with("_count")
            && function.receiver.as_deref() == Some(object)
            && (function.parameters.iter().skip(1))
                .all(|p| matches!(p.role, Role::OutLength | Role::OutValue));
        if !asks_only {
            continue;
        }
        let of = function
            .parameters
            .iter()
            .find(|p| p.role == Role::OutValue);
        let (name, json_type) = match (
            function.method.strip_suffix("_json"),
            function.returns.neutral,
        ) {
            (Some(name), _) if function.notice.summary.contains("JSON array") => (name, "array"),
            (Some(name), _) if function.notice.summary.contains("JSON object") => (name, "object"),
            (Some(name), _) => (name, "any"),
            (None, Neutral::Text) => (function.method.as_str(), "string"),
            (None, Neutral::Bool) if of.is_none() => (function.method.as_str(), "boolean"),
            (None, _) => (function.method.as_str(), "integer"),
        };
        fields.push(json!({
            "name": name,
            "json_type": json_type,
            "nullable": function.returns.nullable || of.is_some(),
            "function": function.name,
        }));
    }
    fields
}

/// The constants of a type, by the names that they have in other languages.
fn names(constants: &[Constant], of: &str, prefix: &str) -> Vec<Value> {
    let of_type = constants.iter().filter(|constant| constant.c == of);
    let row = |constant: &Constant| {
        json!({
            "name": constant.name.trim_start_matches(prefix).to_lowercase(),
            "number": constant.value,
            "constant": constant.name,
            "meaning": constant.doc.join(" "),
        })
    };
    of_type.map(row).collect()
}
