//! What the C ABI consists of. The manifest is these structs as JSON, field for field, and can be read back.

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Abi {
    #[serde(rename = "abi")]
    pub(crate) numbers: Numbers,
    pub(crate) types: Vec<Type>,
    pub(crate) constants: Vec<Constant>,
    pub(crate) functions: Vec<Function>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Numbers {
    pub(crate) newest: u64,
    pub(crate) oldest: u64,
    pub(crate) soname: String,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Type {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) kind: TypeKind,
    #[serde(with = "lines")]
    pub(crate) doc: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
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

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Constant {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) c: String,
    pub(crate) value: Value,
    #[serde(with = "lines")]
    pub(crate) doc: Vec<String>,
    /// How C writes it.
    #[serde(skip)]
    pub(crate) literal: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Number(u64),
    /// The name of a limit whose value the platform decides, such as `SIZE_MAX`.
    Limit(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Number(number) => write!(formatter, "{number}"),
            Value::Limit(name) => write!(formatter, "{name}"),
        }
    }
}

#[derive(Debug, Deserialize, Serialize)]
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
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Notice {
    pub(crate) summary: String,
    pub(crate) since: String,
    pub(crate) blocks: bool,
    pub(crate) blocks_text: String,
    pub(crate) threads: String,
}

#[derive(Debug, Deserialize, Serialize)]
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

#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Return {
    #[serde(rename = "type")]
    pub(crate) c: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handle: Option<String>,
    pub(crate) nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ownership: Option<Ownership>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
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

impl Type {
    /// As C declares it, on one line.
    pub(crate) fn declaration(&self) -> String {
        match &self.kind {
            TypeKind::Opaque { .. } => format!("typedef struct {0} {0}", self.name),
            TypeKind::Integer { c } => format!("typedef {c} {}", self.name),
            TypeKind::Callback { signature } => format!("typedef {signature}"),
        }
    }
}

impl std::fmt::Display for Ownership {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Borrowed => "borrowed for the call",
            Self::Taken => "taken by the library",
            Self::Given => "given to the caller",
            Self::Kept => "kept by the library",
            Self::OfFirstArgument => "of the first argument",
            Self::Static => "there as long as the process",
        })
    }
}

impl Function {
    /// As C declares it, on one line.
    pub(crate) fn declaration(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|parameter| spaced(&parameter.c, &parameter.name))
            .collect();
        let parameters = match parameters.as_slice() {
            [] => "void".to_owned(),
            some => some.join(", "),
        };
        format!("{}({parameters})", spaced(&self.returns.c, &self.name))
    }

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

/// A type of C and the name after it.
fn spaced(c: &str, name: &str) -> String {
    let space = if c.ends_with('*') { "" } else { " " };
    format!("{c}{space}{name}")
}

/// Lines are one text in JSON.
mod lines {
    use serde::Deserialize;

    pub(super) fn serialize<S: serde::Serializer>(
        lines: &[String],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&lines.join("\n"))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<String>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

fn on_one_line<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
