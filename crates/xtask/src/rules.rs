//! What holds across functions.

use std::collections::BTreeSet;

use crate::abi::{Abi, Function, Ownership, Role, TypeKind};
use crate::header;

/// Everything that is wrong is said at once, a line each.
pub(crate) fn check(abi: &Abi) -> Result<(), String> {
    let mut wrong = names_and_documents(abi);
    for function in &abi.functions {
        let (name, file) = (&function.name, &function.section);
        wrong.extend(of_one(function).map(|error| format!("{name} ({file}.rs): {error}")));
    }
    for defined in &abi.types {
        if let TypeKind::Opaque { free } = &defined.kind {
            wrong.extend(free_function(abi, &defined.name, free));
        }
    }
    for name in header::FIRST {
        if !abi.functions.iter().any(|function| function.name == name) {
            wrong.push(format!(
                "{name}: the header begins with it, and no export! block has it"
            ));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

fn of_one(function: &Function) -> impl Iterator<Item = &'static str> {
    let parameters = &function.parameters;
    let is_handle = |role| matches!(role, Role::Handle | Role::OutHandle);
    let has_handle = parameters.iter().any(|parameter| is_handle(parameter.role));
    let names: BTreeSet<&String> = parameters.iter().map(|parameter| &parameter.name).collect();
    let owned = |ownership| ownership == Some(Ownership::OfFirstArgument);
    let owns = parameters
        .first()
        .is_some_and(|first| first.role == Role::Handle && !first.nullable);
    let gives_owned =
        owned(function.returns.ownership) || parameters.iter().any(|given| owned(given.ownership));
    let rules = [
        (
            function.name.starts_with("polyai_"),
            "its name is not the library's; right would be `polyai_...`",
        ),
        (
            header::section_number(&function.section).is_some(),
            "its file has no section in the header; right would be a file that header.rs lists",
        ),
        (
            has_handle || !function.fallible,
            "it is fallible and has no handle; right would be `plain fn`, or a handle",
        ),
        (
            owns || !gives_owned,
            "the first argument is to own its text; right would be a first `Shared<...>`",
        ),
        (
            names.len() == parameters.len(),
            "two parameters have one name; right would be two names",
        ),
    ];
    rules
        .into_iter()
        .filter(|(kept, _)| !kept)
        .map(|(_, error)| error)
}

fn free_function(abi: &Abi, handle: &str, free: &str) -> Option<String> {
    let Some(function) = abi.functions.iter().find(|function| function.name == free) else {
        return Some(format!(
            "{handle}: nothing frees it; right would be an export! of `{free}`"
        ));
    };
    let [only] = function.parameters.as_slice() else {
        return Some(format!(
            "{free}: right would be `plain fn` with one parameter `Freed<...>`"
        ));
    };
    let takes = only.ownership == Some(Ownership::Taken) && only.handle.as_deref() == Some(handle);
    let fits = takes && function.returns.c == "void";
    (!fits).then(|| format!("{free}: right would be `plain fn` with one parameter `Freed<...>`"))
}

/// C has one room for all names, and comments that cannot be nested.
fn names_and_documents(abi: &Abi) -> Vec<String> {
    let functions = abi
        .functions
        .iter()
        .map(|function| (&function.name, &function.doc));
    let types = abi
        .types
        .iter()
        .map(|defined| (&defined.name, &defined.doc));
    let constants = abi
        .constants
        .iter()
        .map(|constant| (&constant.name, &constant.doc));
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for (name, doc) in functions.chain(types).chain(constants) {
        if !seen.insert(name) {
            wrong.push(format!("{name}: it is there twice; right would be once"));
        }
        if doc.is_empty() {
            wrong.push(format!(
                "{name}: it has no documentation; right would be `///` above it"
            ));
        }
        if header::has_comment_mark(&doc.join("\n")) {
            wrong.push(format!(
                "{name}: its documentation has the mark of a C comment; right would be words"
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::sample;

    #[test]
    fn the_sample_keeps_the_rules() {
        check(&sample::abi().unwrap()).unwrap();
    }

    #[test]
    fn what_breaks_a_rule_is_named() {
        for (function, said) in [
            (
                "plain fn other_name() {}",
                "other_name (config.rs): its name is not the library's",
            ),
            (
                "plain fn polyai_config_set() {}",
                "polyai_config_set: it is there twice",
            ),
            (
                "plain fn polyai_status() {}",
                "polyai_status: it is there twice",
            ),
            (
                "fallible fn polyai_config_odd(level: u32) {}",
                "polyai_config_odd (config.rs): it is fallible and has no handle",
            ),
            (
                "plain fn polyai_config_odd() -> BorrowedText {}",
                "the first argument is to own",
            ),
            (
                "plain fn polyai_config_odd() -> NewHandle<Turn> {}",
                "polyai_turn: nothing frees it",
            ),
            (
                "plain fn polyai_turn_free(turn: Shared<Turn>) {}",
                "polyai_turn_free: right would be",
            ),
            (
                "plain fn polyai_config_odd(a: bool, a: bool) {}",
                "two parameters have one name",
            ),
        ] {
            let error = check(&sample::with_function(function).unwrap()).unwrap_err();
            assert!(error.contains(said), "{function}: {error}");
        }
    }

    #[test]
    fn the_seven_calls_must_be_there() {
        let mut abi = sample::abi().unwrap();
        abi.functions
            .retain(|function| function.name != "polyai_client_create");
        assert!(
            check(&abi)
                .unwrap_err()
                .starts_with("polyai_client_create: the header begins with it")
        );
    }
}
