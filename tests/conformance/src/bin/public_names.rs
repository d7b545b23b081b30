//! Prints the names that the core has, as JSON: its tables as it gives them itself, and what is public of its source. Beside them
//! a file of deviations, for a program that has no reader of TOML.
//!
//! `public-names CORE DEVIATIONS`: the directory with the core's source, and the file.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of the front door"
)]

use polyai_chat_core::{
    Client, Closed, Config, Create, Error, Greeting, Metrics, OPTIONS, Operation, REQUEST_FIELDS,
    Reply,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::token::{Brace, Bracket, Paren};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [core, deviations] = arguments.as_slice() else {
        eprintln!("usage: public-names CORE DEVIATIONS");
        return ExitCode::from(2);
    };
    match names(core, deviations) {
        Ok(names) => {
            println!("{names}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("public-names: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn names(core: &Path, deviations: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(deviations)
        .map_err(|error| format!("{}: {error}", deviations.display()))?;
    let deviations: toml::Table =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", deviations.display()))?;
    let mut source = Source::default();
    source.read(core)?;
    let settings: Vec<Value> = Config::new()
        .describe()
        .iter()
        .map(polyai_chat_core::SettingDescription::to_json)
        .collect();
    Ok(json!({
        "request_fields": { "create": fields_of(Operation::Create), "respond": fields_of(Operation::Respond) },
        "reply_fields": { "Greeting": Greeting::FIELDS, "Reply": Reply::FIELDS, "Closed": Closed::FIELDS },
        "keys": {
            "attempt": keys(&an_attempt().map_err(|error| error.to_string())?),
            "metrics": keys(&Metrics::default().to_json()),
            "option": OPTIONS.first().map(polyai_chat_core::OptionSpec::to_json).as_ref().map_or_else(Vec::new, keys),
            "setting": settings.first().map_or_else(Vec::new, keys),
        },
        "exports": source.exports,
        "items": source.public_items()?,
        "deviations": deviations,
    }))
}

/// The fields of an operation's request that have a name of their own in every language.
fn fields_of(operation: Operation) -> Vec<&'static str> {
    let of_conversation = (operation != Operation::Create).then_some("conversation_id");
    let of_table = REQUEST_FIELDS.iter().filter(|field| field.is_of(operation));
    let names = of_table
        .map(|field| field.name)
        .filter(|name| *name != "extra");
    of_conversation.into_iter().chain(names).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object();
    object.map_or_else(Vec::new, |object| {
        object.keys().map(String::as_str).collect()
    })
}

/// A real one: of a call to somebody who never answers.
fn an_attempt() -> Result<Value, Error> {
    let no_answer = |error: std::io::Error| Error::internal(format!("no port: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(no_answer)?;
    let address = listener.local_addr().map_err(no_answer)?;
    let client = Client::new(
        Config::new()
            .base_url(format!("http://{address}"))
            .account_id("account")
            .project_id("project")
            .api_key("key")
            .token("token"),
    )?;
    let outcome = client.create(Create::new().timeout(Duration::from_millis(100)));
    let error = outcome
        .err()
        .ok_or_else(|| Error::internal("nobody answered"))?;
    error
        .attempts()
        .first()
        .map(polyai_chat_core::Attempt::to_json)
        .ok_or(error)
}

/// What is public of a type.
#[derive(Default, Serialize)]
struct Item {
    functions: BTreeSet<String>,
    fields: BTreeSet<String>,
    /// Each with the name that its function `name` gives.
    variants: BTreeMap<String, Option<String>>,
    #[serde(skip)]
    declared: usize,
}

/// Whether the documentation does not show it: no part of the public interface.
fn is_hidden(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc")
            && attribute
                .parse_args::<syn::Ident>()
                .is_ok_and(|word| word == "hidden")
    })
}

/// The source of the core, as far as it is about names.
#[derive(Default)]
struct Source {
    modules: BTreeSet<String>,
    exports: BTreeSet<String>,
    items: BTreeMap<String, Item>,
}

impl Source {
    fn read(&mut self, directory: &Path) -> Result<(), String> {
        let at =
            |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        for entry in std::fs::read_dir(directory).map_err(|error| at(directory, &error))? {
            let path = entry.map_err(|error| at(directory, &error))?.path();
            if path.is_dir() {
                self.read(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).map_err(|error| at(&path, &error))?;
                let file = syn::parse_file(&text).map_err(|error| at(&path, &error))?;
                let is_face = path.ends_with("src/lib.rs");
                self.file(&file, is_face)
                    .map_err(|error| at(&path, &error))?;
            }
        }
        Ok(())
    }

    fn file(&mut self, file: &syn::File, is_face: bool) -> Result<(), String> {
        let mut macros = BTreeMap::new();
        for item in &file.items {
            match item {
                syn::Item::Macro(item) if item.ident.is_some() => {
                    let found = scan(&item.mac)?;
                    macros.insert(item.ident.as_ref().map(ToString::to_string), found);
                }
                syn::Item::Macro(item) => {
                    let name = item.mac.path.get_ident().map(ToString::to_string);
                    let Some(declared) = macros.get(&name) else {
                        without_names(&name.unwrap_or_default(), &item.mac)?;
                        continue;
                    };
                    self.invocation(&name.unwrap_or_default(), &item.mac, declared)?;
                }
                syn::Item::Impl(item) if item.trait_.is_none() => self.implementation(item),
                syn::Item::Struct(item) => {
                    let of_struct = self.items.entry(item.ident.to_string()).or_default();
                    of_struct.declared += 1;
                    of_struct.fields.extend(
                        item.fields
                            .iter()
                            .filter(|field| is_public(&field.vis))
                            .filter_map(|field| field.ident.as_ref())
                            .map(ToString::to_string),
                    );
                }
                syn::Item::Enum(item) => {
                    let of_enum = self.items.entry(item.ident.to_string()).or_default();
                    of_enum.declared += 1;
                    for variant in &item.variants {
                        of_enum
                            .variants
                            .entry(variant.ident.to_string())
                            .or_default();
                    }
                }
                syn::Item::Const(item) if is_face && is_public(&item.vis) => {
                    self.exports.insert(item.ident.to_string());
                }
                syn::Item::Mod(item) if is_face => {
                    self.modules.insert(item.ident.to_string());
                }
                syn::Item::Use(item)
                    if is_face && is_public(&item.vis) && !is_hidden(&item.attrs) =>
                {
                    // What comes from another package is named there.
                    if matches!(&item.tree, syn::UseTree::Path(path) if self.modules.contains(&path.ident.to_string()))
                    {
                        self.export(&item.tree);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn export(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => self.export(&path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.export(tree)),
            syn::UseTree::Name(name) => {
                self.exports.insert(name.ident.to_string());
            }
            syn::UseTree::Rename(name) => {
                self.exports.insert(name.rename.to_string());
            }
            syn::UseTree::Glob(_) => {
                self.exports.insert("*".to_owned());
            }
        }
    }

    fn implementation(&mut self, item: &syn::ItemImpl) {
        let Some(name) = type_name(&item.self_ty) else {
            return;
        };
        let of_type = self.items.entry(name).or_default();
        for member in &item.items {
            let syn::ImplItem::Fn(function) = member else {
                continue;
            };
            if !is_public(&function.vis) || is_hidden(&function.attrs) {
                continue;
            }
            if function.sig.ident == "name" {
                for (variant, name) in arms(&function.block) {
                    of_type.variants.insert(variant, Some(name));
                }
            }
            of_type.functions.insert(function.sig.ident.to_string());
        }
    }

    /// A macro that declares public functions does so for the type it is given first, or for the one that it names.
    fn invocation(
        &mut self,
        name: &str,
        invoked: &syn::Macro,
        declared: &Scanned,
    ) -> Result<(), String> {
        let rows = scan(invoked)?;
        let of_type = match (&declared.implements, &rows.first) {
            (Some(named), _) => named,
            (None, Some(given)) => given,
            (None, None) => return Err(format!("{name}! is given no type")),
        };
        let item = self.items.entry(of_type.clone()).or_default();
        item.functions.extend(declared.functions.iter().cloned());
        if declared.functions_are_given {
            item.functions.extend(rows.setters);
        }
        if declared.declares_enum {
            item.declared += 1;
        }
        Ok(())
    }

    fn public_items(&self) -> Result<BTreeMap<&str, &Item>, String> {
        let public: BTreeMap<&str, &Item> = self
            .items
            .iter()
            .filter(|(name, item)| self.exports.contains(*name) && item.declared > 0)
            .map(|(name, item)| (name.as_str(), item))
            .collect();
        match public.iter().find(|(_, item)| item.declared > 1) {
            Some((name, _)) => Err(format!(
                "two types are called {name}: which of them is public?"
            )),
            None => Ok(public),
        }
    }
}

/// A macro from elsewhere may do what it likes, but declare nothing that would have to be known here.
fn without_names(name: &str, invoked: &syn::Macro) -> Result<(), String> {
    let found = scan(invoked)?;
    if found.functions.is_empty() && !found.declares_enum {
        return Ok(());
    }
    Err(format!(
        "the macro {name}! is given public names, and is not declared in this file"
    ))
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

fn type_name(of_type: &syn::Type) -> Option<String> {
    match of_type {
        syn::Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

fn text(expression: &syn::Expr) -> Option<String> {
    match expression {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// The variants of `match self { Self::Variant => "name", … }`, with their names.
fn arms(block: &syn::Block) -> Vec<(String, String)> {
    let [syn::Stmt::Expr(syn::Expr::Match(found), _)] = block.stmts.as_slice() else {
        return Vec::new();
    };
    let named = |arm: &syn::Arm| match &arm.pat {
        syn::Pat::Path(path) => {
            let variant = path.path.segments.last()?.ident.to_string();
            Some((variant, text(&arm.body)?))
        }
        _ => None,
    };
    found.arms.iter().filter_map(named).collect()
}

/// What stands in a macro, be it its declaration or its use.
#[derive(Default)]
struct Scanned {
    /// The names behind `pub fn`.
    functions: BTreeSet<String>,
    /// There is `pub fn $name`: the names are those of the rows that it is given.
    functions_are_given: bool,
    declares_enum: bool,
    /// The type behind `impl`, unless that is given.
    implements: Option<String>,
    /// The first name of all.
    first: Option<String>,
    /// The names of rows such as `"timeout_ms" timeout(duration) …`.
    setters: BTreeSet<String>,
}

fn scan(found: &syn::Macro) -> Result<Scanned, String> {
    let read = |input: ParseStream<'_>| {
        let mut scanned = Scanned::default();
        scanned.walk(input)?;
        Ok(scanned)
    };
    let scanned = Parser::parse2(read, found.tokens.clone());
    scanned.map_err(|error| error.to_string())
}

impl Scanned {
    fn walk(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        while !input.is_empty() {
            if input.peek(syn::LitStr) && input.peek2(syn::Ident) && input.peek3(Paren) {
                input.parse::<syn::LitStr>()?;
                self.setters
                    .insert(input.parse::<syn::Ident>()?.to_string());
            } else if input.peek(syn::Token![pub]) && !input.peek2(Paren) {
                input.parse::<syn::Token![pub]>()?;
                if input.peek(syn::Token![const]) && input.peek2(syn::Token![fn]) {
                    input.parse::<syn::Token![const]>()?;
                }
                if input.peek(syn::Token![fn]) {
                    input.parse::<syn::Token![fn]>()?;
                    match input.peek(syn::Token![$]) {
                        true => self.functions_are_given = true,
                        false => {
                            self.functions
                                .insert(input.call(syn::Ident::parse_any)?.to_string());
                        }
                    }
                } else if input.peek(syn::Token![enum]) {
                    self.declares_enum = true;
                }
            } else if input.peek(syn::Token![impl]) && input.peek2(syn::Ident) && input.peek3(Brace)
            {
                input.parse::<syn::Token![impl]>()?;
                self.implements = Some(input.parse::<syn::Ident>()?.to_string());
            } else if input.peek(syn::Ident::peek_any) {
                let name = input.call(syn::Ident::parse_any)?.to_string();
                self.first.get_or_insert(name);
            } else {
                self.step(input)?;
            }
        }
        Ok(())
    }

    /// Into a group, or over one token.
    fn step(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let within;
        if input.peek(Brace) {
            syn::braced!(within in input);
        } else if input.peek(Paren) {
            syn::parenthesized!(within in input);
        } else if input.peek(Bracket) {
            syn::bracketed!(within in input);
        } else {
            return input.step(|cursor| match cursor.token_tree() {
                Some((_, rest)) => Ok(((), rest)),
                None => Err(cursor.error("a token is missing")),
            });
        }
        self.walk(&within)
    }
}
