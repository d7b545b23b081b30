//! The documentation of a function: what its author has to say, and what follows from its types.

use crate::abi::{Function, Notice, Ownership, Role};

/// Reads the first paragraph and the last, which is `Blocks: X. Threads: Y. Since: Z.`
pub(crate) fn notice(doc: &[String]) -> Result<Notice, String> {
    let paragraphs = doc
        .split(String::is_empty)
        .filter(|lines| !lines.is_empty());
    let paragraphs: Vec<String> = paragraphs.map(|lines| lines.join(" ")).collect();
    let parts = paragraphs.last().and_then(|last| {
        let (blocks, rest) = last.strip_prefix("Blocks: ")?.split_once(". Threads: ")?;
        let (threads, since) = rest.strip_suffix('.')?.split_once(". Since: ")?;
        Some((blocks, threads, since))
    });
    let Some((blocks, threads, since)) = parts.filter(|(_, _, since)| is_version(since)) else {
        return Err(
            "its documentation does not end as it should; right would be a last paragraph \
                    `Blocks: never. Threads: any. Since: 0.1.0.`"
                .to_owned(),
        );
    };
    let Some(summary) = paragraphs.first().filter(|_| paragraphs.len() > 1) else {
        return Err(
            "it has no summary; right would be a first paragraph that says what it does".to_owned(),
        );
    };
    Ok(Notice {
        summary: summary.clone(),
        since: since.to_owned(),
        blocks: blocks != "never",
        blocks_text: blocks.to_owned(),
        threads: threads.to_owned(),
    })
}

/// The documentation as the header has it.
pub(crate) fn complete(function: &Function) -> Vec<String> {
    let mut lines = function.doc.clone();
    let nullable = function
        .parameters
        .iter()
        .filter(|parameter| parameter.nullable);
    let nullable: Vec<String> = nullable
        .map(|parameter| match parameter.role {
            Role::Buffer => format!("{} (when capacity is 0)", parameter.name),
            _ => parameter.name.clone(),
        })
        .collect();
    if !nullable.is_empty() {
        lines.extend(wrapped(&format!("May be NULL: {}.", nullable.join(", "))));
    }
    let owned = ownership(function);
    if !owned.is_empty() {
        lines.extend(wrapped(&format!("Ownership: {}.", owned.join("; "))));
    }
    lines
}

fn ownership(function: &Function) -> Vec<String> {
    let first = function
        .parameters
        .first()
        .map_or("", |first| first.name.as_str());
    let mut owned = Vec::new();
    for parameter in &function.parameters {
        let name = &parameter.name;
        owned.extend(
            match (parameter.role, parameter.ownership, &parameter.handle) {
                (Role::OutHandle, _, Some(handle)) => {
                    Some(format!("*{name} is the caller's, freed by {handle}_free"))
                }
                (Role::OutText, ..) => Some(format!("*{name} belongs to {first}")),
                (_, Some(Ownership::Taken), _) => Some(format!("{name} is the library's")),
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

fn is_version(text: &str) -> bool {
    let mut parts = text.split('.');
    let numbers = parts
        .by_ref()
        .take(3)
        .filter(|part| part.parse::<u32>().is_ok())
        .count();
    numbers == 3 && parts.next().is_none()
}

fn wrapped(text: &str) -> Vec<String> {
    const WIDTH: usize = 100;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{complete, notice};
    use crate::sample;

    #[test]
    fn the_last_paragraph_has_a_fixed_form() {
        let doc = |text: &str| notice(&text.lines().map(str::to_owned).collect::<Vec<_>>());
        let notice = doc("Does\nit.\n\nBlocks: until done. Threads: any.\nSince: 0.2.10.").unwrap();
        assert_eq!(
            (notice.summary.as_str(), notice.blocks_text.as_str()),
            ("Does it.", "until done")
        );
        assert_eq!(
            (notice.threads.as_str(), notice.since.as_str()),
            ("any", "0.2.10")
        );

        assert!(
            doc("Blocks: never. Threads: any. Since: 0.1.0.")
                .unwrap_err()
                .contains("no summary")
        );
        let without_threads = "Does it.\n\nBlocks: never. Since: 0.1.0.";
        let without_number = "Does it.\n\nBlocks: never. Threads: any. Since: now.";
        for wrong in ["", "Does it.", without_threads, without_number] {
            assert!(
                doc(wrong)
                    .unwrap_err()
                    .contains("Blocks: never. Threads: any. Since: 0.1.0."),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_follows_from_the_types_is_said() {
        for (name, end) in [
            (
                "client_new",
                "May be NULL: config, error.\nOwnership: *client is the caller's, freed by polyai_client_free.",
            ),
            (
                "reply_response",
                "Ownership: the result belongs to reply, NULL when absent.",
            ),
            ("error_copy", "May be NULL: buffer (when capacity is 0)."),
            ("conversation_close", "May be NULL: error."),
        ] {
            let said = complete(&sample::function(&format!("polyai_{name}"))).join("\n");
            assert!(said.ends_with(end), "{said}");
        }
    }
}
