//! What the types that `export!` knows are in C, and what they promise.

use crate::abi::{Ownership, Parameter, Return, Role, Type, TypeKind};

/// The handles, as they are written in Rust, in the order of the header.
const HANDLES: [(&str, &str); 8] = [
    ("Config", "Options, of which clients are made."),
    ("Client", "Holds conversations with one agent."),
    ("Request", "What one call has of its own."),
    ("Conversation", "One conversation with the agent."),
    ("Turn", "A call that was started, and is waited for."),
    ("Reply", "What the agent answered."),
    (
        "Error",
        "Why a call failed, and whether the service may have acted on it.",
    ),
    ("Cancel", "Ends calls that are under way."),
];

const SCALARS: [(&str, &str); 7] = [
    ("bool", "bool"),
    ("i32", "int32_t"),
    ("i64", "int64_t"),
    ("u32", "uint32_t"),
    ("u64", "uint64_t"),
    ("usize", "size_t"),
    ("c_char", "char"),
];

/// The names in C of all handles, in the order of the header, with what they are.
pub(crate) fn handles() -> impl Iterator<Item = (String, &'static str)> {
    HANDLES
        .iter()
        .map(|(rust, doc)| (format!("polyai_{}", rust.to_lowercase()), *doc))
}

pub(crate) fn scalar(rust: &str) -> Option<&'static str> {
    SCALARS
        .iter()
        .find(|(name, _)| *name == rust)
        .map(|(_, c)| *c)
}

/// The C type, written as Rust writes it: `const char **` is `*mut *const c_char`.
pub(crate) fn raw(c: &str) -> String {
    let Some(target) = c.strip_suffix('*').map(str::trim_end) else {
        let scalar = SCALARS
            .iter()
            .find(|(_, name)| *name == c)
            .map(|(rust, _)| *rust);
        return if c == "void" {
            "c_void"
        } else {
            scalar.unwrap_or(c)
        }
        .to_owned();
    };
    match target.strip_prefix("const ") {
        Some(target) if !target.ends_with('*') => format!("*const {}", raw(target)),
        _ => format!("*mut {}", raw(target)),
    }
}

/// The only callback that a caller need not give.
const RELEASE: &str = "polyai_release_callback";

pub(crate) fn parameter(name: &str, written: &str, typedefs: &[Type]) -> Result<Parameter, String> {
    use Ownership::{Borrowed, Given, Kept, OfFirstArgument, Taken};

    let (outer, inner) = parts(written);
    let handle = match outer {
        "Shared" | "Changed" | "Exclusive" | "Optional" | "Freed" | "NewOut" | "OptionalOut" => {
            handle(inner)?
        }
        _ => String::new(),
    };
    let (c, role, nullable, ownership) = match outer {
        "Shared" => (
            format!("const {handle} *"),
            Role::Handle,
            false,
            Some(Borrowed),
        ),
        "Changed" | "Exclusive" => (format!("{handle} *"), Role::Handle, false, Some(Borrowed)),
        "Optional" => (
            format!("const {handle} *"),
            Role::Handle,
            true,
            Some(Borrowed),
        ),
        "Freed" => (format!("{handle} *"), Role::Handle, true, Some(Taken)),
        "NewOut" => (format!("{handle} **"), Role::OutHandle, false, Some(Given)),
        "OptionalOut" => (format!("{handle} **"), Role::OutHandle, true, Some(Given)),
        "ValueOut" => (
            format!("{} *", value(inner, typedefs)?),
            Role::OutValue,
            false,
            None,
        ),
        "Text" => ("const char *".to_owned(), Role::Text, false, Some(Borrowed)),
        "OptionalText" => ("const char *".to_owned(), Role::Text, true, Some(Borrowed)),
        "TextOut" => (
            "const char **".to_owned(),
            Role::OutText,
            true,
            Some(OfFirstArgument),
        ),
        "LengthOut" => ("size_t *".to_owned(), Role::OutValue, true, None),
        "Buffer" => ("char *".to_owned(), Role::Buffer, true, Some(Borrowed)),
        "UserData" => ("void *".to_owned(), Role::UserData, true, Some(Kept)),
        callback if is_callback(callback, typedefs) => (
            callback.to_owned(),
            Role::Callback,
            callback == RELEASE,
            Some(Kept),
        ),
        _ => (value(written, typedefs)?, Role::Value, false, None),
    };
    let handle = Some(handle).filter(|handle| !handle.is_empty());
    Ok(Parameter {
        name: name.to_owned(),
        c,
        role,
        handle,
        nullable,
        ownership,
    })
}

/// The last parameter of every fallible function.
pub(crate) fn error() -> Parameter {
    Parameter {
        name: "error".to_owned(),
        c: "polyai_error **".to_owned(),
        role: Role::Error,
        handle: Some("polyai_error".to_owned()),
        nullable: true,
        ownership: Some(Ownership::Given),
    }
}

pub(crate) fn returned(written: &str, typedefs: &[Type]) -> Result<Return, String> {
    let (outer, inner) = parts(written);
    let (c, handle, ownership) = match outer {
        "" => ("void".to_owned(), None, None),
        "BorrowedText" => (
            "const char *".to_owned(),
            None,
            Some(Ownership::OfFirstArgument),
        ),
        "StaticText" => ("const char *".to_owned(), None, Some(Ownership::Static)),
        "NewHandle" => (
            format!("{} *", handle(inner)?),
            Some(handle(inner)?),
            Some(Ownership::Given),
        ),
        _ => (value(written, typedefs)?, None, None),
    };
    Ok(Return {
        nullable: ownership.is_some(),
        c,
        handle,
        ownership,
    })
}

/// `Shared<Config>` is `Shared` and `Config`.
fn parts(written: &str) -> (&str, &str) {
    written
        .strip_suffix('>')
        .and_then(|written| written.split_once('<'))
        .unwrap_or((written, ""))
}

fn handle(rust: &str) -> Result<String, String> {
    if HANDLES.iter().any(|(name, _)| *name == rust) {
        return Ok(format!("polyai_{}", rust.to_lowercase()));
    }
    let names: Vec<&str> = HANDLES.iter().map(|(name, _)| *name).collect();
    Err(format!(
        "`{rust}` is no handle; right would be one of {}",
        names.join(", ")
    ))
}

fn is_callback(name: &str, typedefs: &[Type]) -> bool {
    typedefs
        .iter()
        .any(|defined| defined.name == name && matches!(defined.kind, TypeKind::Callback { .. }))
}

fn value(written: &str, typedefs: &[Type]) -> Result<String, String> {
    let defined = typedefs
        .iter()
        .find(|defined| defined.name == written && !is_callback(written, typedefs));
    let scalar = scalar(written).filter(|c| *c != "char");
    defined.map(|defined| defined.name.as_str()).or(scalar).map(str::to_owned).ok_or_else(|| {
        format!("`{written}` is not a type of export!; right would be one of its types, or a typedef of constants.rs")
    })
}

#[cfg(test)]
mod tests {
    use super::raw;

    #[test]
    fn a_c_type_is_written_in_rust() {
        assert_eq!(raw("size_t"), "usize");
        assert_eq!(raw("void *"), "*mut c_void");
        assert_eq!(raw("const char **"), "*mut *const c_char");
        assert_eq!(raw("const polyai_config *"), "*const polyai_config");
        assert_eq!(raw("polyai_client **"), "*mut *mut polyai_client");
    }
}
