//! What the C ABI consists of. The manifest is these structs as JSON, field for field.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Abi {
    #[serde(rename = "abi")]
    pub(crate) numbers: Numbers,
    pub(crate) types: Vec<Type>,
    pub(crate) constants: Vec<Constant>,
    pub(crate) functions: Vec<Function>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Numbers {
    pub(crate) newest: u64,
    pub(crate) oldest: u64,
    pub(crate) soname: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Type {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) kind: TypeKind,
    #[serde(serialize_with = "joined")]
    pub(crate) doc: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum TypeKind {
    Opaque {
        free: String,
    },
    Integer {
        #[serde(rename = "type")]
        c: String,
    },
    Callback {
        /// The C declaration without `typedef` and semicolon.
        #[serde(serialize_with = "on_one_line")]
        signature: String,
    },
}

#[derive(Debug, Serialize)]
pub(crate) struct Constant {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) c: String,
    pub(crate) value: Value,
    #[serde(serialize_with = "joined")]
    pub(crate) doc: Vec<String>,
    /// How C writes it.
    #[serde(skip)]
    pub(crate) literal: String,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Number(u64),
    /// The name of a limit whose value the platform decides, such as `SIZE_MAX`.
    Limit(&'static str),
}

#[derive(Debug, Serialize)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The file of `crates/ffi` that has it.
    pub(crate) section: String,
    #[serde(flatten)]
    pub(crate) notice: Notice,
    pub(crate) fallible: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Return,
    #[serde(skip)]
    pub(crate) doc: Vec<String>,
}

/// What the documentation of a function says in a fixed form.
#[derive(Debug, Serialize)]
pub(crate) struct Notice {
    pub(crate) summary: String,
    pub(crate) since: String,
    pub(crate) blocks: bool,
    pub(crate) blocks_text: String,
    pub(crate) threads: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) c: String,
    pub(crate) role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handle: Option<String>,
    pub(crate) nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ownership: Option<Ownership>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Return {
    #[serde(rename = "type")]
    pub(crate) c: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handle: Option<String>,
    pub(crate) nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ownership: Option<Ownership>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Handle,
    Text,
    Length,
    OutHandle,
    OutText,
    OutValue,
    Buffer,
    Capacity,
    Callback,
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

impl Function {
    pub(crate) fn is_free(&self) -> bool {
        self.name.ends_with("_free")
    }

    /// Whether who ignores the result surely leaks or goes on with nothing.
    pub(crate) fn result_matters(&self) -> bool {
        let makes =
            |parameter: &Parameter| parameter.role == Role::OutHandle && !parameter.nullable;
        self.returns.ownership == Some(Ownership::Given)
            || (self.fallible && self.parameters.iter().any(makes))
    }
}

fn joined<S: serde::Serializer>(lines: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&lines.join("\n"))
}

fn on_one_line<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
