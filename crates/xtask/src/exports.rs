//! The functions of `export!` blocks.

use syn::parse::{Parse, ParseStream};

use crate::abi::{Function, Parameter, Role, Type};
use crate::{notes, types};

/// A function as it is written.
pub(crate) struct Exported {
    pub(crate) name: String,
    doc: Vec<String>,
    fallible: bool,
    parameters: Vec<(String, syn::Type)>,
    returns: Option<syn::Type>,
}

struct Block(Vec<Exported>);

pub(crate) fn read(text: &str) -> Result<Vec<Exported>, String> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let mut functions = Vec::new();
    for item in &file.items {
        if let syn::Item::Macro(item) = item
            && item.mac.path.is_ident("export")
        {
            let Block(block) = item
                .mac
                .parse_body()
                .map_err(|error| format!("export!: {error}"))?;
            functions.extend(block);
        }
    }
    Ok(functions)
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Block> {
        let mut functions = Vec::new();
        while !input.is_empty() {
            functions.push(input.parse()?);
        }
        Ok(Block(functions))
    }
}

impl Parse for Exported {
    fn parse(input: ParseStream<'_>) -> syn::Result<Exported> {
        let attributes = input.call(syn::Attribute::parse_outer)?;
        let kind: syn::Ident = input.parse()?;
        if kind != "fallible" && kind != "plain" {
            let right = format!(
                "`{kind}` is no kind of function; right would be `fallible fn` or `plain fn`"
            );
            return Err(syn::Error::new(kind.span(), right));
        }
        input.parse::<syn::Token![fn]>()?;
        let name: syn::Ident = input.parse()?;
        let within;
        syn::parenthesized!(within in input);
        let parameters = within.parse_terminated(parameter, syn::Token![,])?;
        let returns = match input.parse()? {
            syn::ReturnType::Default => None,
            syn::ReturnType::Type(_, of) => Some(*of),
        };
        input.parse::<syn::Block>()?;
        Ok(Exported {
            name: name.to_string(),
            doc: doc_lines(&attributes),
            fallible: kind == "fallible",
            parameters: parameters.into_iter().collect(),
            returns,
        })
    }
}

fn parameter(input: ParseStream<'_>) -> syn::Result<(String, syn::Type)> {
    let name: syn::Ident = input.parse()?;
    input.parse::<syn::Token![:]>()?;
    Ok((name.to_string(), input.parse()?))
}

impl Exported {
    /// What it is in C.
    pub(crate) fn function(&self, section: &str, typedefs: &[Type]) -> Result<Function, String> {
        let mut parameters = self.parameters(typedefs)?;
        let returns = match &self.returns {
            Some(of) if self.fallible => {
                return Err(format!(
                    "it is fallible and returns `{}`; right would be an out parameter",
                    type_name(of)?
                ));
            }
            None if self.fallible => types::returned("polyai_status", typedefs)?,
            None => types::returned("", typedefs)?,
            Some(of) => types::returned(&type_name(of)?, typedefs)?,
        };
        if self.fallible {
            parameters.push(types::error());
        }
        Ok(Function {
            name: self.name.clone(),
            section: section.to_owned(),
            notice: notes::notice(&self.doc)?,
            fallible: self.fallible,
            parameters,
            returns,
            doc: self.doc.clone(),
        })
    }

    fn parameters(&self, typedefs: &[Type]) -> Result<Vec<Parameter>, String> {
        let mut parameters = Vec::new();
        // What the next one must be.
        let mut size: Option<(String, Role)> = None;
        let missing = |size: &str| {
            format!("a text or buffer has no size; right would be `{size}: usize` after it")
        };
        for (name, of) in &self.parameters {
            let parameter = type_name(of).and_then(|of| types::parameter(name, &of, typedefs));
            let mut parameter = parameter.map_err(|error| format!("{name}: {error}"))?;
            if let Some((size, role)) = size.take() {
                if *name != size || parameter.c != "size_t" {
                    return Err(missing(&size));
                }
                parameter.role = role;
            }
            size = match parameter.role {
                Role::Text => Some((format!("{name}_length"), Role::Length)),
                Role::Buffer => Some(("capacity".to_owned(), Role::Capacity)),
                _ => None,
            };
            parameters.push(parameter);
        }
        size.map_or(Ok(parameters), |(size, _)| Err(missing(&size)))
    }
}

/// A type that is a name, or a name of a name: `Text`, `Shared<Config>`.
pub(crate) fn type_name(of: &syn::Type) -> Result<String, String> {
    let syn::Type::Path(path) = of else {
        return Err(
            "its type is no name; right would be one such as `Text` or `Shared<Config>`".to_owned(),
        );
    };
    let Some(last) = path.path.segments.last() else {
        return Ok(String::new());
    };
    match &last.arguments {
        syn::PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(syn::GenericArgument::Type(inner @ syn::Type::Path(_))) => {
                Ok(format!("{}<{}>", last.ident, type_name(inner)?))
            }
            _ => Ok(last.ident.to_string()),
        },
        _ => Ok(last.ident.to_string()),
    }
}

/// The text of doc comments, without the space that follows the slashes.
pub(crate) fn doc_lines(attributes: &[syn::Attribute]) -> Vec<String> {
    let mut lines = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
    {
        if let syn::Meta::NameValue(pair) = &attribute.meta
            && let syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) = &pair.value
        {
            let text = text.value();
            lines.extend(
                text.lines()
                    .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()),
            );
            if text.is_empty() {
                lines.push(text);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use crate::abi::{Ownership, Role};
    use crate::sample;

    #[test]
    fn a_function_is_read_with_all_it_says() {
        let set = sample::function("polyai_config_set");
        assert_eq!(set.section, "config");
        assert_eq!(set.notice.summary, "Sets one option by its name.");
        assert_eq!(set.notice.threads, "one at a time for each config");
        assert!(set.fallible && !set.notice.blocks);
        let roles: Vec<Role> = set
            .parameters
            .iter()
            .map(|parameter| parameter.role)
            .collect();
        assert_eq!(
            roles,
            [
                Role::Handle,
                Role::Text,
                Role::Length,
                Role::Text,
                Role::Length,
                Role::Error
            ]
        );
        assert_eq!(set.returns.c, "polyai_status");

        let response = sample::function("polyai_reply_response");
        assert_eq!(response.returns.ownership, Some(Ownership::OfFirstArgument));
        let respond = sample::function("polyai_conversation_respond");
        assert!(respond.notice.blocks);
        assert_eq!(
            respond.notice.blocks_text,
            "until the reply, at most the timeout"
        );
    }

    #[test]
    fn what_export_does_not_know_is_refused_by_name() {
        for (parameters, right) in [
            (
                "config: Config",
                "config: `Config` is not a type of export!",
            ),
            ("config: Shared<Socket>", "config: `Socket` is no handle"),
            ("key: Text", "`key_length: usize`"),
            ("key: Text, length: usize", "`key_length: usize`"),
            ("into: Buffer, size: usize", "`capacity: usize`"),
            ("text: &str", "text: its type is no name"),
        ] {
            let function = format!("plain fn polyai_config_odd({parameters}) {{}}");
            let error = sample::with_function(&function).unwrap_err();
            assert!(
                error.starts_with("polyai_config_odd (config.rs): "),
                "{error}"
            );
            assert!(error.contains(right), "{parameters}: {error}");
        }
        let error = sample::with_function("fallible fn polyai_config_odd() -> u32 {}").unwrap_err();
        assert!(
            error.contains("it is fallible and returns `u32`"),
            "{error}"
        );
        let error = sample::with_function("hopeful fn polyai_config_odd() {}").unwrap_err();
        assert!(
            error.contains("right would be `fallible fn` or `plain fn`"),
            "{error}"
        );
    }
}
