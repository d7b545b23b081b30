//! How Java writes a signature, a comment and a file.

use super::names::class_name;
use super::source_text::{source_file, with_code};
use crate::abi::{Neutral, Parameter, Return};
use crate::documentation::wrapped;

/// A function or a callback.
pub(super) struct Signature<'a> {
    pub(super) name: &'a str,
    pub(super) doc: String,
    pub(super) returns: &'static str,
    pub(super) parameters: Vec<(&'static str, &'a str)>,
}

pub(super) fn signature<'a>(
    name: &'a str,
    doc: String,
    parameters: &'a [Parameter],
    returns: &Return,
) -> Signature<'a> {
    let parameters = parameters.iter();
    Signature {
        name,
        doc,
        returns: of_java(&returns.c, returns.neutral),
        parameters: parameters
            .map(|parameter| (of_java(&parameter.c, parameter.neutral), &*parameter.name))
            .collect(),
    }
}

fn of_java(c: &str, neutral: Neutral) -> &'static str {
    match neutral {
        _ if c.ends_with('*') => "long",
        Neutral::Nothing => "void",
        Neutral::Bool => "byte",
        Neutral::I32 | Neutral::U32 => "int",
        _ => "long",
    }
}

impl Signature<'_> {
    pub(super) fn as_name(&self, name: &str) -> String {
        let parameters = self
            .parameters
            .iter()
            .map(|(of, name)| format!("{of} {name}"));
        let parameters: Vec<String> = parameters.collect();
        format!("{} {name}({})", self.returns, parameters.join(", "))
    }

    /// The name of the interface of a callback.
    pub(super) fn interface(&self) -> String {
        class_name(self.name.trim_start_matches("polyai_"))
    }

    pub(super) fn descriptor(&self) -> String {
        let layout = |of: &str| format!("JAVA_{}", of.to_uppercase());
        let mut layouts: Vec<String> = self.parameters.iter().map(|(of, _)| layout(of)).collect();
        let made = match self.returns {
            "void" => "ofVoid",
            returns => {
                layouts.insert(0, layout(returns));
                "of"
            }
        };
        format!("FunctionDescriptor.{made}({})", layouts.join(", "))
    }
}

/// A file and its path.
pub(super) fn source(sources: &str, class: &str, body: &str) -> (String, String) {
    let path = format!("bindings/java/chat/src/main/{sources}/ai/polyai/chat/{class}.java");
    source_file(path, &format!("package ai.polyai.chat;\n\n{body}"))
}

/// A text as a comment, its words in backticks as code; what comes after a line break stands alone.
pub(super) fn javadoc(text: &str, indent: &str) -> String {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let text = with_code(paragraph, |word| format!("{{@code {word}}}"));
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(wrapped(&text, 110));
    }
    let lines: String = lines
        .iter()
        .map(|line| format!("{indent} * {line}").trim_end().to_owned() + "\n")
        .collect();
    format!("{indent}/**\n{lines}{indent} */\n")
}
