//! A library that does nothing, from a header alone: what a program is linked with, or what a tool compares, that shall
//! know nothing of the real one.

/// A source in C in which each function that the header declares has a trivial body. It includes the header as `name`.
pub(crate) fn source(header: &str, name: &str) -> String {
    let mut text = format!("#include \"{name}\"\n");
    for declaration in declarations(header) {
        let body = if declaration.starts_with("void polyai_") {
            "{ }"
        } else {
            "{ return 0; }"
        };
        text.push_str(&format!("{declaration} {body}\n"));
    }
    text
}

/// The declarations of functions, each on one line, without the semicolon.
fn declarations(header: &str) -> Vec<String> {
    let code = without_comments(header);
    let lines: Vec<&str> = code
        .lines()
        .filter(|line| !line.trim_start().starts_with('#') && !line.contains("extern \"C\""))
        .collect();
    lines
        .join(" ")
        .split(';')
        .map(|statement| {
            let words = statement.split_whitespace();
            let words: Vec<&str> = words.filter(|word| *word != "POLYAI_NODISCARD").collect();
            words.join(" ")
        })
        .filter(|statement| !statement.starts_with("typedef ") && statement.contains('('))
        .collect()
}

fn without_comments(header: &str) -> String {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    code
}

#[cfg(test)]
mod tests {
    use super::source;
    use crate::{header, sample};

    #[test]
    fn every_function_of_a_header_has_a_body() {
        let abi = sample::abi().unwrap();
        let text = source(&header::header(&abi, "A first page.").unwrap(), "a.h");
        assert_eq!(text.lines().next(), Some("#include \"a.h\""));
        assert_eq!(text.lines().count(), 1 + abi.functions.len());
        for function in &abi.functions {
            let body = if function.returns.c == "void" {
                "{ }"
            } else {
                "{ return 0; }"
            };
            let line = format!("\n{} {body}\n", function.declaration());
            assert!(text.contains(&line), "{line} in {text}");
        }
    }
}
