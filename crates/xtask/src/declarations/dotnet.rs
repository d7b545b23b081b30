//! The functions of the library as .NET declares them: P/Invoke, a `SafeHandle` for each type of handle, a delegate for each
//! callback.

use std::fmt::Write;

use super::source_text::{source_file, with_code};
use crate::abi::{Abi, Neutral, Ownership, Parameter, Return, Role, TypeKind};
use crate::documentation::wrapped;

const CDECL: &str = "CallingConvention.Cdecl";

/// The file, with its path.
pub(crate) fn dotnet(abi: &Abi) -> Vec<(String, String)> {
    let (mut handles, mut callbacks, mut functions) = (String::new(), String::new(), String::new());
    for defined in &abi.types {
        match &defined.kind {
            TypeKind::Opaque { object, free } => {
                let doc = xml(&defined.doc.join(" "), "    ");
                let _ = writeln!(
                    handles,
                    "{doc}    internal sealed class {object}Handle : NativeHandle\n    {{\n        \
                     protected override bool ReleaseHandle()\n        {{\n            Raw.{free}(handle);\n            \
                     return true;\n        }}\n    }}\n"
                );
            }
            TypeKind::Callback {
                parameters,
                returns,
            } => {
                let doc = xml(&defined.doc.join(" "), "        ");
                let (_, of) = returned(abi, returns);
                let (name, takes) = (&defined.name, list(abi, parameters, true));
                let _ = write!(
                    callbacks,
                    "\n{doc}        [UnmanagedFunctionPointer({CDECL})]\n        internal delegate {of} {name}({takes});\n"
                );
            }
            TypeKind::Integer { .. } => {}
        }
    }
    for function in &abi.functions {
        let doc = xml(&function.notice.summary, "        ");
        let (marshalled, of) = returned(abi, &function.returns);
        let (name, takes) = (&function.name, list(abi, &function.parameters, false));
        let _ = write!(
            functions,
            "\n{doc}        [DllImport(Library, CallingConvention = {CDECL})]\n{marshalled}        \
             internal static extern {of} {name}({takes});\n"
        );
    }
    let (newest, soname) = (abi.numbers.newest, &abi.numbers.soname);
    let body = format!(
        "{handles}    /// <summary>The functions of the native library.</summary>\n    internal static class Raw\n    {{\n        \
         /// <summary>The name of the library's file.</summary>\n        internal const string Library = \"{soname}\";\n\n        \
         /// <summary>The ABI of these declarations.</summary>\n        internal const uint Abi = {newest};\n{callbacks}{functions}    }}\n"
    );
    vec![source(
        "Raw",
        "using System;\nusing System.Runtime.InteropServices;\n\n",
        &body,
    )]
}

/// The result of a function: how it is marshalled, and its type.
fn returned(abi: &Abi, returns: &Return) -> (&'static str, String) {
    match (returns.neutral, &returns.handle) {
        (Neutral::Handle, Some(handle)) => ("", handle_class(abi, handle)),
        (Neutral::Bool, _) => (
            "        [return: MarshalAs(UnmanagedType.U1)]\n",
            "bool".to_owned(),
        ),
        (neutral, _) => ("", value(neutral).to_owned()),
    }
}

fn list(abi: &Abi, parameters: &[Parameter], in_callback: bool) -> String {
    // Numbers that are written one after the other.
    let are_many = parameters.iter().any(|each| each.name == "capacity");
    let of = |each: &Parameter| {
        let handle = each.handle.as_deref();
        let class = handle.map_or_else(String::new, |handle| handle_class(abi, handle));
        match each.role {
            Role::Handle if each.ownership == Some(Ownership::Taken) => "IntPtr".to_owned(),
            Role::Handle => class,
            Role::OutHandle | Role::Error => format!("out {class}"),
            Role::Text if !in_callback => "byte[]".to_owned(),
            Role::Buffer => "byte[]".to_owned(),
            Role::Callback | Role::Release => each.c.clone(),
            Role::OutText => "out IntPtr".to_owned(),
            Role::OutValue if are_many => format!("[Out] {}[]", value(each.neutral)),
            Role::OutValue if each.neutral == Neutral::Bool => {
                "[MarshalAs(UnmanagedType.U1)] out bool".to_owned()
            }
            Role::OutValue | Role::OutLength => format!("out {}", value(each.neutral)),
            _ => value(each.neutral).to_owned(),
        }
    };
    let listed = parameters.iter().map(|p| format!("{} {}", of(p), p.name));
    listed.collect::<Vec<_>>().join(", ")
}

fn value(neutral: Neutral) -> &'static str {
    match neutral {
        Neutral::Nothing => "void",
        Neutral::Bool => "bool",
        Neutral::I32 => "int",
        Neutral::U32 => "uint",
        Neutral::U64 => "ulong",
        Neutral::Size => "UIntPtr",
        _ => "IntPtr",
    }
}

fn handle_class(abi: &Abi, handle: &str) -> String {
    let objects = abi.types.iter().find_map(|defined| match &defined.kind {
        TypeKind::Opaque { object, .. } if defined.name == handle => Some(object.as_str()),
        _ => None,
    });
    format!("{}Handle", objects.unwrap_or_default())
}

/// A file and its path.
pub(super) fn source(name: &str, uses: &str, body: &str) -> (String, String) {
    let path = format!("bindings/dotnet/src/PolyAI.Chat/{name}.cs");
    source_file(
        path,
        &format!("{uses}namespace PolyAI.Chat\n{{\n{body}}}\n"),
    )
}

/// A text as the summary of a comment, its words in backticks as code.
pub(super) fn xml(text: &str, indent: &str) -> String {
    commented(&format!("<summary>{}</summary>", escaped(text)), indent)
}

pub(super) fn commented(text: &str, indent: &str) -> String {
    let lines = wrapped(text, 120).into_iter();
    lines.map(|line| format!("{indent}/// {line}\n")).collect()
}

pub(super) fn escaped(text: &str) -> String {
    with_code(text, |word| format!("<c>{word}</c>"))
}
