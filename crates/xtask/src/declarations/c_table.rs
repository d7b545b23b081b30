//! All functions as a table in C, with what calls each with any arguments: for programs that call functions they do not know.
//! `tests/abi/programs/call_any.h` has the types of the table.

use std::fmt::Write;

use crate::abi::{Abi, Function, Ownership, Parameter, Role, TypeKind, declared};

pub(crate) fn c_table(abi: &Abi) -> Result<String, String> {
    let mut text =
        "/* Made by `cargo run -p polyai-chat-xtask -- declarations c-table`. */\n\n".to_owned();
    text.push_str(&callbacks(abi));
    text.push_str(&kinds(abi));
    let mut rows = String::new();
    for function in &abi.functions {
        text.push_str(&call(function)?);
        let name = &function.name;
        let _ = writeln!(
            rows,
            "    {{\"{name}\", call_{name}, {}, {}, {}, parameters_of_{name}}},",
            function.fallible,
            kind(function.returns.handle.as_deref()),
            function.parameters.len()
        );
    }
    let _ = write!(
        text,
        "static const function functions[] = {{\n{rows}}};\n\n"
    );
    Ok(text)
}

fn kind(handle: Option<&str>) -> String {
    handle.map_or("NO_KIND".to_owned(), |handle| format!("KIND_{handle}"))
}

/// For each type of callback one that does nothing; `on_release`, which counts, is written by hand.
fn callbacks(abi: &Abi) -> String {
    let mut text = String::new();
    for defined in &abi.types {
        let TypeKind::Callback {
            parameters,
            returns,
            ..
        } = &defined.kind
        else {
            continue;
        };
        let named: Vec<String> = parameters.iter().map(|p| declared(&p.c, &p.name)).collect();
        let unused: Vec<String> = parameters
            .iter()
            .map(|p| format!("(void){};", p.name))
            .collect();
        let body = match returns.c.as_str() {
            "void" => "",
            _ => "\n    return 0;",
        };
        let head = declared(&returns.c, &format!("on_{}", defined.name));
        let _ = write!(
            text,
            "UNUSED static {head}({})\n{{\n    {}{body}\n}}\n\n",
            named.join(", "),
            unused.join(" ")
        );
    }
    text
}

/// The types of handles, and for each what makes a new one (written by hand) and what frees it.
fn kinds(abi: &Abi) -> String {
    let (mut names, mut makers, mut enders) = (String::new(), String::new(), String::new());
    let mut text = String::new();
    for (name, free) in abi.handles() {
        let _ = write!(names, "KIND_{name}, ");
        let _ = write!(makers, "new_{name}, ");
        let _ = write!(enders, "end_{name}, ");
        let _ = writeln!(
            text,
            "static void end_{name}(void *handle)\n{{\n    {free}(handle);\n}}\n"
        );
    }
    format!(
        "enum {{ {names}KINDS }};\n\n{text}\
         static void *(*const new_of_kind[])(void) = {{ {makers}}};\n\
         static void (*const end_of_kind[])(void *) = {{ {enders}}};\n\n"
    )
}

/// The parameters of a function, and what calls it with any arguments.
fn call(function: &Function) -> Result<String, String> {
    let name = &function.name;
    let (mut rows, mut arguments) = (String::new(), Vec::new());
    for (index, parameter) in function.parameters.iter().enumerate() {
        let (row, argument) = row(parameter, index)?;
        let _ = writeln!(rows, "    {row},");
        arguments.push(argument);
    }
    if rows.is_empty() {
        rows.push_str("    {\"\", VALUE, NO_KIND, false, 0},\n");
    }
    let call = format!("{name}({})", arguments.join(", "));
    let body = match function.returns.c.as_str() {
        "void" => format!("{call};\n    return 0;"),
        pointer if pointer.ends_with('*') => format!("return (uint64_t)(uintptr_t){call};"),
        _ => format!("return (uint64_t){call};"),
    };
    Ok(format!(
        "static const parameter parameters_of_{name}[] = {{\n{rows}}};\n\n\
         static uint64_t call_{name}(const argument *given)\n{{\n    (void)given;\n    {body}\n}}\n\n"
    ))
}

/// A row of the table, and how the argument is given.
fn row(parameter: &Parameter, index: usize) -> Result<(String, String), String> {
    let pointer = format!("given[{index}].pointer");
    let number = format!("given[{index}].number");
    let (role, argument) = match parameter.role {
        Role::Handle if parameter.ownership == Some(Ownership::Taken) => ("FREED", pointer),
        Role::Handle => ("HANDLE", pointer),
        Role::Text => ("TEXT_IN", pointer),
        Role::Length => ("LENGTH", number),
        Role::OutHandle => ("OUT_HANDLE", pointer),
        Role::OutValue | Role::OutLength => ("OUT_VALUE", pointer),
        Role::OutText => ("OUT_TEXT", pointer),
        Role::Buffer => ("BUFFER", pointer),
        Role::Capacity => ("CAPACITY", number),
        Role::UserData => ("USER_DATA", pointer),
        Role::Value => ("VALUE", number),
        Role::Error => ("ERROR", pointer),
        Role::Callback => ("CALLBACK", format!("{number} ? on_{} : NULL", parameter.c)),
        Role::Release => ("RELEASE", format!("{number} ? on_release : NULL")),
    };
    let size = match role {
        "OUT_VALUE" | "OUT_TEXT" | "OUT_HANDLE" => {
            let target = parameter
                .c
                .strip_suffix('*')
                .ok_or("an output is no pointer")?;
            format!("sizeof({})", target.trim_end())
        }
        _ => "0".to_owned(),
    };
    let row = format!(
        "{{\"{}\", {role}, {}, {}, {size}}}",
        parameter.name,
        kind(parameter.handle.as_deref()),
        parameter.nullable
    );
    Ok((row, argument))
}
