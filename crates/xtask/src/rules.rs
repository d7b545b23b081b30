//! What holds across functions.

use std::collections::BTreeSet;

use crate::abi::{Abi, Function, Ownership, Role};
use crate::header;

/// Everything that is wrong is said at once, a line each.
pub(crate) fn check(abi: &Abi) -> Result<(), String> {
    let types = abi
        .types
        .iter()
        .map(|defined| (&defined.name, &defined.doc));
    let constants = abi
        .constants
        .iter()
        .map(|constant| (&constant.name, &constant.doc));
    let mut wrong: Vec<String> = types
        .chain(constants)
        .filter(|(_, doc)| doc.is_empty())
        .map(|(name, _)| format!("{name}: it has no documentation; right would be `///` above it"))
        .collect();
    for function in &abi.functions {
        let (name, file) = (&function.name, &function.section);
        wrong.extend(of_one(function).map(|error| format!("{name} ({file}.rs): {error}")));
    }
    for (handle, free) in abi.handles() {
        let mut functions = abi.functions.iter();
        let frees = functions.find(|function| function.name == free);
        let takes = frees.is_some_and(|function| match function.parameters.as_slice() {
            [only] => only.handle.as_deref() == Some(handle) && function.returns.c == "void",
            _ => false,
        });
        if !takes {
            wrong.push(format!(
                "{handle}: right would be a function `{free}` that takes one and gives nothing"
            ));
        }
    }
    for name in header::FIRST {
        if !abi.functions.iter().any(|function| function.name == name) {
            wrong.push(format!(
                "{name}: the header begins with it, and nothing exports it"
            ));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

fn of_one(function: &Function) -> impl Iterator<Item = String> {
    let parameters = &function.parameters;
    let owned = |ownership| ownership == Some(Ownership::OfFirstArgument);
    let gives_owned =
        owned(function.returns.ownership) || parameters.iter().any(|given| owned(given.ownership));
    let owns =
        (parameters.first()).is_some_and(|first| first.role == Role::Handle && !first.nullable);
    let known: BTreeSet<&str> = parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .collect();
    let notice = &function.notice;
    let unknown = (notice.nullable.iter().map(String::as_str))
        .chain(notice.bytes.iter().map(|name| name.trim_start_matches('*')))
        .find(|name| !known.contains(name) && *name != "result");
    let right = if function.fallible {
        "fallible"
    } else {
        "plain"
    };
    let rules = [
        (
            function.boundary == right,
            format!("its body is to be one call of `{right}`, which keeps panics in"),
        ),
        (
            !function.fallible || function.returns.c == "polyai_status",
            "it can fail; right would be that it returns `polyai_status`".to_owned(),
        ),
        (
            function.fallible == notice.errors.is_some(),
            "it can fail if its documentation has a paragraph `Errors: `, and only then".to_owned(),
        ),
        (
            function.must_use == function.result_matters(),
            "`#[must_use]` is for what gives a handle that would be lost, and for nothing else"
                .to_owned(),
        ),
        (
            owns || !gives_owned,
            "the first argument is to own its text; right would be a first `*const polyai_...`"
                .to_owned(),
        ),
        (
            unknown.is_none(),
            format!(
                "its documentation speaks of {}, which is no parameter",
                unknown.unwrap_or_default()
            ),
        ),
    ];
    rules
        .into_iter()
        .filter(|(kept, _)| !kept)
        .map(|(_, error)| error)
}
