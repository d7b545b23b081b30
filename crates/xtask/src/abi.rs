//! What the C ABI consists of. The manifest, `include/polyai_chat.json`, is these structs as JSON, field for field.

use serde::Serialize;
use serde_json::Value;

use crate::tables::OptionRow;

#[derive(Serialize)]
pub(crate) struct Abi {
    #[serde(rename = "abi")]
    pub(crate) numbers: Numbers,
    pub(crate) types: Vec<Type>,
    pub(crate) constants: Vec<Constant>,
    pub(crate) functions: Vec<Function>,
    pub(crate) options: Vec<OptionRow>,
    pub(crate) request_fields: Vec<Value>,
    pub(crate) regions: Vec<Value>,
}

#[derive(Serialize)]
pub(crate) struct Numbers {
    pub(crate) newest: u64,
    pub(crate) oldest: u64,
    pub(crate) soname: String,
}

#[derive(Serialize)]
pub(crate) struct Type {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) kind: TypeKind,
    #[serde(serialize_with = "one_text")]
    pub(crate) doc: Vec<String>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum TypeKind {
    /// A handle: `object` is its name in any language, such as `Conversation`.
    Opaque { object: String, free: String },
    Integer {
        #[serde(rename = "type")]
        c: String,
        neutral: Neutral,
    },
    Callback {
        parameters: Vec<Parameter>,
        returns: Return,
    },
}

#[derive(Serialize)]
pub(crate) struct Constant {
    pub(crate) name: String,
    /// Of a member of an enum of the core: its name in any language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<String>,
    #[serde(rename = "type")]
    pub(crate) c: String,
    /// A number, or the name of a limit whose value the platform decides, such as `SIZE_MAX`.
    pub(crate) value: Value,
    #[serde(serialize_with = "one_text")]
    pub(crate) doc: Vec<String>,
    /// How C writes it.
    #[serde(skip)]
    pub(crate) literal: String,
}

#[derive(Serialize)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The object that it makes, is asked of, or frees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receiver: Option<String>,
    /// Its name without prefix and receiver.
    pub(crate) method: String,
    pub(crate) kind: FunctionKind,
    /// The file of `crates/ffi` that has it.
    pub(crate) section: String,
    #[serde(flatten)]
    pub(crate) notice: Notice,
    pub(crate) fallible: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Return,
    #[serde(skip)]
    pub(crate) doc: Vec<String>,
    #[serde(skip)]
    pub(crate) must_use: bool,
    /// What its body calls: `fallible` or `plain`.
    #[serde(skip)]
    pub(crate) boundary: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FunctionKind {
    Constructor,
    Method,
    Free,
    /// It belongs to no object.
    Function,
}

/// What the documentation of a function says in a fixed form.
#[derive(Serialize)]
pub(crate) struct Notice {
    pub(crate) summary: String,
    pub(crate) since: String,
    pub(crate) blocks: bool,
    pub(crate) blocks_text: String,
    pub(crate) threads: String,
    /// What it ends that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancels: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<Errors>,
    #[serde(skip)]
    pub(crate) nullable: Vec<String>,
    #[serde(skip)]
    pub(crate) bytes: Vec<String>,
}

/// The paragraph on errors, and what it names.
#[derive(Serialize)]
pub(crate) struct Errors {
    pub(crate) text: String,
    /// The kinds that it names.
    pub(crate) kinds: Vec<String>,
    /// Whether any other is possible.
    pub(crate) any: bool,
    /// The functions whose errors are possible too.
    #[serde(rename = "as")]
    pub(crate) like: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) c: String,
    /// Of what comes in, or of what is written to where it points.
    pub(crate) neutral: Neutral,
    pub(crate) role: Role,
    /// Of a length or capacity: the parameter that it is about, or `result`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handle: Option<String>,
    pub(crate) nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ownership: Option<Ownership>,
}

#[derive(Serialize)]
pub(crate) struct Return {
    #[serde(rename = "type")]
    pub(crate) c: String,
    pub(crate) neutral: Neutral,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handle: Option<String>,
    pub(crate) nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ownership: Option<Ownership>,
}

/// A type in no language's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Neutral {
    Nothing,
    Handle,
    /// UTF-8 with a length beside it.
    Text,
    /// As a text, of any bytes.
    Bytes,
    Bool,
    I32,
    U32,
    U64,
    Size,
    Callback,
    Pointer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Handle,
    Text,
    Length,
    OutHandle,
    OutText,
    OutLength,
    OutValue,
    Buffer,
    Capacity,
    Callback,
    /// Called when the pointer beside the callback is not needed any more.
    Release,
    UserData,
    Value,
    Error,
}

/// Whose something is after the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Ownership {
    /// The caller's still; the library only looks at it during the call.
    #[serde(rename = "borrowed")]
    Borrowed,
    /// The library's from now on.
    #[serde(rename = "taken")]
    Taken,
    /// The caller's from now on, who frees it.
    #[serde(rename = "given")]
    Given,
    /// The caller's, and the library may use it after the call.
    #[serde(rename = "kept")]
    Kept,
    #[serde(rename = "of first argument")]
    OfFirstArgument,
    /// It lives as long as the process.
    #[serde(rename = "static")]
    Static,
}

impl Abi {
    /// The manifest says nothing about the version, so that it changes with the ABI only.
    pub(crate) fn manifest(&self) -> Result<String, String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        Ok(one_a_line(&text))
    }

    /// The names in C of the handles, with what frees each.
    pub(crate) fn handles(&self) -> impl Iterator<Item = (&str, &str)> {
        self.types.iter().filter_map(|defined| match &defined.kind {
            TypeKind::Opaque { free, .. } => Some((defined.name.as_str(), free.as_str())),
            _ => None,
        })
    }
}

impl Function {
    /// Whether who ignores the result surely leaks or goes on with nothing.
    pub(crate) fn result_matters(&self) -> bool {
        let makes =
            |parameter: &Parameter| parameter.role == Role::OutHandle && !parameter.nullable;
        self.returns.ownership == Some(Ownership::Given)
            || (self.fallible && self.parameters.iter().any(makes))
    }
}

/// The same JSON with one type, constant, function or option a line.
fn one_a_line(json: &str) -> String {
    let mut text = String::new();
    for line in json.lines() {
        let word = line.trim_start();
        let (depth, ends) = (line.len() - word.len(), word.starts_with(['}', ']']));
        match depth > 4 || (depth == 4 && ends) {
            true if ends || text.ends_with(['{', '[']) => text.push_str(word),
            true => text.push_str(&format!(" {word}")),
            false => text.push_str(&format!("\n{line}")),
        }
    }
    text.trim_start().to_owned() + "\n"
}

/// A name with its type, as C writes it.
pub(crate) fn declared(c: &str, name: &str) -> String {
    let space = if c.ends_with('*') { "" } else { " " };
    format!("{c}{space}{name}")
}

fn one_text<S: serde::Serializer>(lines: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    let paragraphs = lines.split(String::is_empty).map(|lines| lines.join(" "));
    serializer.serialize_str(&paragraphs.collect::<Vec<_>>().join("\n\n"))
}
