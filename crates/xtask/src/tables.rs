//! What a binding needs to know beside the functions, from the tables of the core: options, fields, and the names of numbers.

use polyai_chat_core::{
    ConversationState, Delivery, ErrorKind, LogLevel, OPTIONS, Operation, OptionKind, OptionSpec,
    REGIONS, REQUEST_FIELDS, Region, RequestField,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::abi::Constant;
use crate::documentation::wrapped;

pub(crate) fn options() -> Vec<OptionRow> {
    OPTIONS.iter().map(option).collect()
}

pub(crate) fn request_fields() -> Vec<Value> {
    let fields = REQUEST_FIELDS.iter().map(request_field);
    fields.chain([correlation_id()]).collect()
}

pub(crate) fn regions() -> Vec<Value> {
    let region = |region: &Region| json!({"name": region.name, "aliases": region.aliases});
    REGIONS.iter().map(region).collect()
}

/// A row of the table of options.
#[derive(Serialize)]
pub(crate) struct OptionRow {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) words: Option<&'static [&'static str]>,
    /// The least and the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bounds: Option<[u64; 2]>,
    pub(crate) unit: &'static str,
    pub(crate) default: Option<&'static str>,
    secret: bool,
    environment_variable: String,
    pub(crate) meaning: &'static str,
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

/// The constants of a type that stands for an enum of the core.
pub(crate) fn members(of: &str) -> Vec<Constant> {
    macro_rules! rows {
        ($of:ident) => {
            ($of::ALL
                .iter()
                .map(|one| (one.number(), one.name(), one.meaning())))
            .collect()
        };
    }
    let rows: Vec<(u32, &str, &str)> = match of {
        "polyai_status" => rows!(ErrorKind),
        "polyai_delivery" => rows!(Delivery),
        "polyai_state" => rows!(ConversationState),
        "polyai_log_level" => rows!(LogLevel),
        _ => Vec::new(),
    };
    let prefix = of.trim_end_matches("_level");
    let constant = |(number, name, meaning): (u32, &str, &str)| Constant {
        name: format!("{prefix}_{name}").to_uppercase(),
        member: Some(name.to_owned()),
        c: of.to_owned(),
        value: number.into(),
        doc: wrapped(meaning, 128),
        literal: format!("{number}u"),
    };
    rows.into_iter().map(constant).collect()
}
