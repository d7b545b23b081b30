//! The documentation of a function: what its author has to say, and what follows from its types.

use crate::abi::{Errors, Function, Notice, Ownership, Role};

const NULLABLE: &str = "May be NULL: ";
const BYTES: &str = "Any bytes, not only UTF-8: ";
const CANCELS: &str = "Cancels: ";
const ERRORS: &str = "Errors: ";

/// Reads the first paragraph, the one on errors, and the last, which is `Blocks: X. Threads: Y. Since: Z.` and lines of a fixed
/// form after it.
pub(crate) fn notice(doc: &[String]) -> Result<Notice, String> {
    let paragraphs: Vec<&[String]> = doc
        .split(String::is_empty)
        .filter(|lines| !lines.is_empty())
        .collect();
    let last = paragraphs.last().copied().unwrap_or_default();
    let is_more = |line: &String| {
        [NULLABLE, BYTES, CANCELS]
            .iter()
            .any(|l| line.starts_with(l))
    };
    let (more, first): (Vec<&String>, Vec<&String>) = last.iter().partition(|line| is_more(line));
    let first = first.into_iter().cloned().collect::<Vec<_>>().join(" ");
    let parts = || {
        let (blocks, rest) = first.strip_prefix("Blocks: ")?.split_once(". Threads: ")?;
        let (threads, since) = rest.strip_suffix('.')?.split_once(". Since: ")?;
        let numbers = since.split('.').filter(|part| part.parse::<u32>().is_ok());
        (numbers.count() == 3).then_some((blocks, threads, since))
    };
    let (blocks, threads, since) = parts().ok_or(
        "its documentation does not end as it should; right would be a last paragraph \
         `Blocks: never. Threads: any. Since: 0.1.0.`",
    )?;
    let [summary, _, ..] = paragraphs.as_slice() else {
        return Err(
            "it has no summary; right would be a first paragraph that says what it does".to_owned(),
        );
    };
    let said = |what: &str| {
        more.iter()
            .find_map(|line| line.strip_prefix(what)?.strip_suffix('.'))
    };
    let listed = |what| {
        said(what).map_or_else(Vec::new, |names| {
            names.split(", ").map(str::to_owned).collect()
        })
    };
    let errors = paragraphs.iter().map(|lines| lines.join(" "));
    Ok(Notice {
        summary: summary.join(" "),
        since: since.to_owned(),
        blocks: blocks != "never",
        blocks_text: blocks.to_owned(),
        threads: threads.to_owned(),
        cancels: said(CANCELS).map(str::to_owned),
        errors: errors
            .into_iter()
            .find_map(|text| text.strip_prefix(ERRORS).map(errors_of)),
        nullable: listed(NULLABLE),
        bytes: listed(BYTES),
    })
}

fn errors_of(text: &str) -> Errors {
    let (mut kinds, mut like) = (Vec::new(), Vec::new());
    for word in text.split('`').skip(1).step_by(2) {
        match word.strip_prefix("POLYAI_STATUS_") {
            Some(kind) => kinds.push(kind.to_lowercase()),
            // Any other is only mentioned in what follows.
            None if text.starts_with("as ") || text.starts_with("those of ") => {
                like.push(word.to_owned());
            }
            None => {}
        }
    }
    let any = text.starts_with("any") || text.contains("else any");
    Errors {
        text: text.to_owned(),
        kinds,
        any,
        like,
    }
}

/// The documentation as the header has it.
pub(crate) fn complete(function: &Function) -> Vec<String> {
    let mut lines = function.doc.clone();
    lines.retain(|line| !line.starts_with(NULLABLE));
    let nullable: Vec<String> = function
        .parameters
        .iter()
        .filter(|parameter| parameter.nullable)
        .map(|parameter| match parameter.role {
            Role::Buffer => format!("{} (when capacity is 0)", parameter.name),
            _ => parameter.name.clone(),
        })
        .collect();
    if !nullable.is_empty() {
        lines.push(format!("{NULLABLE}{}.", nullable.join(", ")));
    }
    let owned = ownership(function);
    if !owned.is_empty() {
        lines.push(format!("Ownership: {}.", owned.join("; ")));
    }
    lines
}

fn ownership(function: &Function) -> Vec<String> {
    let first = function.parameters.first();
    let first = first.map_or("", |first| first.name.as_str());
    let mut owned = Vec::new();
    for parameter in &function.parameters {
        let name = &parameter.name;
        owned.extend(
            match (parameter.role, parameter.ownership, &parameter.handle) {
                (Role::OutHandle, _, Some(handle)) => {
                    Some(format!("*{name} is the caller's, freed by {handle}_free"))
                }
                (Role::OutText, ..) => Some(format!("*{name} belongs to {first}")),
                (_, Some(Ownership::Taken), _) => Some(format!("the call takes {name}")),
                _ => None,
            },
        );
    }
    owned.extend(
        match (function.returns.ownership, &function.returns.handle) {
            (Some(Ownership::Given), Some(handle)) => Some(format!(
                "the result is the caller's, freed by {handle}_free, NULL on failure"
            )),
            (Some(Ownership::OfFirstArgument), _) => {
                Some(format!("the result belongs to {first}, NULL when absent"))
            }
            (Some(Ownership::Static), _) => {
                Some("the result lives as long as the process".to_owned())
            }
            _ => None,
        },
    );
    owned
}

/// A text in lines of so many characters at most.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The text of doc comments, without the space that follows the slashes.
pub(crate) fn lines_of(attributes: &[syn::Attribute]) -> Vec<String> {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let syn::Meta::NameValue(pair) = &attribute.meta
            && let syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) = &pair.value
            && pair.path.is_ident("doc")
        {
            let text = text.value();
            lines.push(
                text.strip_prefix(' ')
                    .unwrap_or(&text)
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    lines
}
