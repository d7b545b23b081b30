//! All functions of the manifest as a table in C, so that a program can call each of them without knowing it.

use crate::library::{repository, scratch};
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

/// What `include/polyai_chat.json` says.
pub fn manifest() -> Value {
    let path = repository().join("include/polyai_chat.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// How many functions the manifest has.
pub fn function_count() -> usize {
    list(&manifest(), "functions").len()
}

/// Writes `functions.h`, which `call_any.h` includes, and gives the directory that it is in.
pub fn functions_header() -> PathBuf {
    let directory = scratch("functions");
    let text = table(&manifest()).unwrap_or_else(|problem| panic!("{problem}"));
    // Several tests at a time write the same: each reads a whole file.
    let own = tempfile::NamedTempFile::new_in(&directory).unwrap();
    std::fs::write(own.path(), text).unwrap();
    own.persist(directory.join("functions.h")).unwrap();
    directory
}

fn table(manifest: &Value) -> Result<String, String> {
    let mut header = "/* Made from include/polyai_chat.json. */\n\n".to_owned();
    header.push_str(&kinds(manifest)?);
    let mut rows = String::new();
    for function in list(manifest, "functions") {
        header.push_str(&call(function)?);
        let name = text(function, "name");
        let is_fallible = function["fallible"] == true;
        let result = function["returns"]["handle"].as_str();
        let _ = writeln!(
            rows,
            "    {{\"{name}\", call_{name}, {is_fallible}, {}, {}, parameters_of_{name}}},",
            result.map_or("NO_KIND".to_owned(), |kind| format!("KIND_{kind}")),
            list(function, "parameters").len()
        );
    }
    let _ = write!(
        header,
        "static const function functions[] = {{\n{rows}}};\n\n"
    );
    Ok(header)
}

/// The types of handles, and for each what makes a new one (written by hand) and what frees it.
fn kinds(manifest: &Value) -> Result<String, String> {
    let handles: Vec<_> = list(manifest, "types")
        .iter()
        .filter(|of| of["kind"] == "opaque")
        .map(|of| (text(of, "name"), of["free"].as_str()))
        .collect();
    let mut header = String::new();
    let mut names = String::new();
    let (mut makers, mut enders) = (String::new(), String::new());
    for (name, free) in handles {
        let free = free.ok_or_else(|| format!("{name} has no function that frees it"))?;
        let _ = write!(names, "KIND_{name}, ");
        let _ = write!(makers, "new_{name}, ");
        let _ = write!(enders, "end_{name}, ");
        let _ = writeln!(
            header,
            "static void end_{name}(void *handle)\n{{\n    {free}(handle);\n}}\n"
        );
    }
    Ok(format!(
        "enum {{ {names}KINDS }};\n\n{header}\
         static void *(*const new_of_kind[])(void) = {{ {makers}}};\n\
         static void (*const end_of_kind[])(void *) = {{ {enders}}};\n\n"
    ))
}

/// The parameters of a function, and what calls it with any arguments.
fn call(function: &Value) -> Result<String, String> {
    let name = text(function, "name");
    let mut rows = String::new();
    let mut arguments = Vec::new();
    for (index, parameter) in list(function, "parameters").iter().enumerate() {
        let (row, argument) = parameter_row(parameter, index).map_err(|problem| {
            format!("{name}, parameter {}: {problem}", text(parameter, "name"))
        })?;
        let _ = writeln!(rows, "    {row},");
        arguments.push(argument);
    }
    if rows.is_empty() {
        rows.push_str("    {\"\", VALUE, NO_KIND, false, 0},\n");
    }
    let call = format!("{name}({})", arguments.join(", "));
    let body = match text(&function["returns"], "type") {
        "void" => format!("{call};\n    return 0;"),
        pointer if pointer.ends_with('*') => format!("return (uint64_t)(uintptr_t){call};"),
        _ => format!("return (uint64_t){call};"),
    };
    Ok(format!(
        "static const parameter parameters_of_{name}[] = {{\n{rows}}};\n\n\
         static uint64_t call_{name}(const argument *given)\n{{\n    (void)given;\n    {body}\n}}\n\n"
    ))
}

/// A row of the table, and how the argument is given. Fails for what the programs would not know how to abuse.
fn parameter_row(parameter: &Value, index: usize) -> Result<(String, String), String> {
    let written = text(parameter, "type");
    let pointer = format!("given[{index}].pointer");
    let number = format!("given[{index}].number");
    let (role, argument) = match text(parameter, "role") {
        "handle" if parameter["ownership"] == "taken" => ("FREED", pointer),
        "handle" => ("HANDLE", pointer),
        "text" => ("TEXT_IN", pointer),
        "length" => ("LENGTH", number),
        "out_handle" => ("OUT_HANDLE", pointer),
        "out_value" => ("OUT_VALUE", pointer),
        "out_text" => ("OUT_TEXT", pointer),
        "buffer" => ("BUFFER", pointer),
        "capacity" => ("CAPACITY", number),
        "user_data" => ("USER_DATA", pointer),
        "value" => ("VALUE", number),
        "error" => ("ERROR", pointer),
        "callback" => {
            let role = match written {
                "polyai_release_callback" => "RELEASE",
                _ => "CALLBACK",
            };
            (role, format!("{number} ? on_{written} : NULL"))
        }
        role => return Err(format!("no program knows the role {role:?}")),
    };
    let size = match role {
        "OUT_VALUE" | "OUT_TEXT" | "OUT_HANDLE" => {
            let target = written.strip_suffix('*').ok_or("is no pointer")?;
            format!("sizeof({})", target.trim_end())
        }
        _ => "0".to_owned(),
    };
    let kind = parameter["handle"]
        .as_str()
        .map_or("NO_KIND".to_owned(), |kind| format!("KIND_{kind}"));
    let row = format!(
        "{{\"{}\", {role}, {kind}, {}, {size}}}",
        text(parameter, "name"),
        parameter["nullable"]
    );
    Ok((row, argument))
}

fn list<'a>(of: &'a Value, name: &str) -> &'a Vec<Value> {
    of[name]
        .as_array()
        .unwrap_or_else(|| panic!("no list {name} in {of}"))
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name]
        .as_str()
        .unwrap_or_else(|| panic!("no text {name} in {of}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_no_program_knows_is_refused() {
        let mut manifest = manifest();
        assert!(table(&manifest).is_ok());
        manifest["functions"][2]["parameters"][1]["role"] = "riddle".into();
        let problem = table(&manifest).unwrap_err();
        assert!(
            problem.contains("polyai_") && problem.contains("riddle"),
            "{problem}"
        );
    }
}
