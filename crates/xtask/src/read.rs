//! From the texts of `crates/ffi` to the [`Abi`].

use std::path::Path;

use serde_json::Value;

use crate::abi::{Abi, Constant, Function, FunctionKind, Numbers, Ownership, Role, Type, TypeKind};
use crate::c::{Types, c_type};
use crate::documentation::{lines_of, notice};
use crate::{header, tables};

const OLDEST: &str = "POLYAI_ABI_OLDEST";
const NEWEST: &str = "POLYAI_ABI_VERSION";

/// Everything that is wrong with functions is said at once, a line each.
pub(crate) fn abi(ffi: &Path) -> Result<Abi, String> {
    let mut items = Vec::new();
    for (section, _) in header::SECTIONS {
        let file = syn::parse_file(&text_of(ffi, section)?)
            .map_err(|error| format!("{section}.rs: {error}"))?;
        items.extend(file.items.into_iter().map(|item| (section, item)));
    }
    let mut types: Vec<Type> = items.iter().filter_map(|(_, item)| handle(item)).collect();
    let constants = constants(ffi, &mut types)?;
    let number = |name| {
        let found = constants.iter().find(|constant| constant.name == name);
        found
            .and_then(|constant| constant.value.as_u64())
            .ok_or_else(|| format!("constants.rs: no number {name}"))
    };
    // Only a break changes the name: programs of the oldest ABI that is still served must find the library.
    let numbers = Numbers {
        newest: number(NEWEST)?,
        oldest: number(OLDEST)?,
        soname: format!("libpolyai_chat.so.{}", number(OLDEST)?),
    };
    let (mut functions, mut wrong) = (Vec::new(), Vec::new());
    for (section, item) in &items {
        let syn::Item::Fn(item) = item else { continue };
        if !is_exported(item) {
            continue;
        }
        match function(section, item, &types) {
            Ok(function) => functions.push(function),
            Err(error) => wrong.push(format!("{} ({section}.rs): {error}", item.sig.ident)),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    let mut constants = constants;
    constants.retain(|constant| constant.name != OLDEST);
    Ok(Abi {
        numbers,
        types,
        constants,
        functions,
        options: tables::options(),
        request_fields: tables::request_fields(),
        regions: tables::regions(),
    })
}

fn text_of(ffi: &Path, section: &str) -> Result<String, String> {
    let path = ffi.join(format!("src/{section}.rs"));
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// `pub struct polyai_...` is a handle.
fn handle(item: &syn::Item) -> Option<Type> {
    let syn::Item::Struct(item) = item else {
        return None;
    };
    let name = item.ident.to_string();
    let (first, rest) = name.strip_prefix("polyai_")?.split_at_checked(1)?;
    let object = format!("{}{rest}", first.to_uppercase());
    let free = format!("{name}_free");
    let mut doc = lines_of(&item.attrs);
    if let Some(last) = doc.last_mut() {
        last.push_str(&format!(" Freed by {free}."));
    }
    Some(Type {
        name,
        kind: TypeKind::Opaque { object, free },
        doc,
    })
}

/// Those of `constants.rs`, whose types are added, and after each type the members of the enum of the core that it stands for.
fn constants(ffi: &Path, types: &mut Vec<Type>) -> Result<Vec<Constant>, String> {
    let file = syn::parse_file(&text_of(ffi, "constants")?)
        .map_err(|error| format!("constants.rs: {error}"))?;
    let mut constants = Vec::new();
    for item in &file.items {
        match item {
            syn::Item::Type(item) => {
                let kind =
                    typedef(item, types).map_err(|error| format!("{}: {error}", item.ident))?;
                types.push(Type {
                    name: item.ident.to_string(),
                    kind,
                    doc: lines_of(&item.attrs),
                });
                constants.extend(tables::members(&item.ident.to_string()));
            }
            syn::Item::Const(item) => {
                constants.push(constant(item).map_err(|error| format!("{}: {error}", item.ident))?);
            }
            _ => {}
        }
    }
    Ok(constants)
}

fn typedef(item: &syn::ItemType, types: &[Type]) -> Result<TypeKind, String> {
    if let Ok(c) = c_type(&item.ty) {
        let neutral = Types(types).returned(Some(&item.ty), None, false)?.neutral;
        return Ok(TypeKind::Integer { c, neutral });
    }
    let function = callback(&item.ty).ok_or(
        "neither a number nor a callback; right would be `Option<unsafe extern \"C\" fn(...)>`",
    )?;
    let named = |argument: &syn::BareFnArg| {
        let name = argument.name.as_ref()?.0.to_string();
        Some((name, argument.ty.clone()))
    };
    let written: Option<Vec<_>> = function.inputs.iter().map(named).collect();
    let written = written.ok_or("its arguments have no names")?;
    let returns = match &function.output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, of) => Some(&**of),
    };
    Ok(TypeKind::Callback {
        parameters: Types(types).parameters(&written, None)?,
        returns: Types(types).returned(returns, None, false)?,
    })
}

/// The function in `Option<unsafe extern "C" fn(...)>`.
fn callback(of: &syn::Type) -> Option<&syn::TypeBareFn> {
    let syn::Type::Path(path) = of else {
        return None;
    };
    let syn::PathArguments::AngleBracketed(inner) = &path.path.segments.last()?.arguments else {
        return None;
    };
    match inner.args.first()? {
        syn::GenericArgument::Type(syn::Type::BareFn(function)) => Some(function),
        _ => None,
    }
}

fn constant(item: &syn::ItemConst) -> Result<Constant, String> {
    let c = c_type(&item.ty)?;
    let (value, literal) = match &*item.expr {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Int(number),
            ..
        }) => {
            let number: u64 = number.base10_parse().map_err(|error| error.to_string())?;
            // No cast, so that the preprocessor can compare it.
            (Value::from(number), format!("{number}u"))
        }
        syn::Expr::Path(_) if c == "size_t" => ("SIZE_MAX".into(), "SIZE_MAX".to_owned()),
        _ => {
            return Err(
                "its value is not known; right would be a number or `usize::MAX`".to_owned(),
            );
        }
    };
    let name = item.ident.to_string();
    Ok(Constant {
        member: (name == "POLYAI_STATUS_OK").then(|| "ok".to_owned()),
        name,
        c,
        value,
        doc: lines_of(&item.attrs),
        literal,
    })
}

fn is_exported(item: &syn::ItemFn) -> bool {
    item.attrs.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => {
            list.path.is_ident("unsafe") && list.tokens.to_string() == "no_mangle"
        }
        _ => false,
    })
}

fn function(section: &str, item: &syn::ItemFn, types: &[Type]) -> Result<Function, String> {
    let (name, doc) = (item.sig.ident.to_string(), lines_of(&item.attrs));
    let notice = notice(&doc)?;
    let mut written = Vec::new();
    for input in &item.sig.inputs {
        match input {
            syn::FnArg::Typed(syn::PatType { pat, ty, .. }) => match &**pat {
                syn::Pat::Ident(name) => written.push((name.ident.to_string(), (**ty).clone())),
                _ => return Err("a parameter has no name".to_owned()),
            },
            syn::FnArg::Receiver(_) => return Err("C has no self".to_owned()),
        }
    }
    let mut parameters = Types(types).parameters(&written, Some(&notice))?;
    let owner = parameters
        .first()
        .filter(|first| first.role == Role::Handle);
    let returns = match &item.sig.output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, of) => Some(&**of),
    };
    let returns = Types(types).returned(returns, Some(&notice), owner.is_some())?;
    let (receiver, method) = receiver(&name, types);
    let kind = match (&receiver, method.as_str()) {
        (None, _) => FunctionKind::Function,
        (_, "new") => FunctionKind::Constructor,
        (_, "free") => FunctionKind::Free,
        _ => FunctionKind::Method,
    };
    if let (FunctionKind::Free, [only]) = (kind, parameters.as_mut_slice()) {
        only.ownership = Some(Ownership::Taken);
        only.nullable = true;
    }
    Ok(Function {
        fallible: parameters
            .last()
            .is_some_and(|last| last.role == Role::Error),
        receiver,
        method,
        kind,
        section: section.to_owned(),
        notice,
        parameters,
        returns,
        doc,
        must_use: item
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("must_use")),
        boundary: boundary(&item.block),
        name,
    })
}

/// `polyai_config_set` is `Config` and `set`.
fn receiver(name: &str, types: &[Type]) -> (Option<String>, String) {
    for defined in types {
        if let TypeKind::Opaque { object, .. } = &defined.kind
            && let Some(method) = name.strip_prefix(&format!("{}_", defined.name))
        {
            return (Some(object.clone()), method.to_owned());
        }
    }
    (None, name.trim_start_matches("polyai_").to_owned())
}

/// What a body that is one call calls.
fn boundary(body: &syn::Block) -> String {
    match body.stmts.as_slice() {
        [syn::Stmt::Expr(syn::Expr::Call(call), _)] => match &*call.func {
            syn::Expr::Path(path) => path
                .path
                .get_ident()
                .map(ToString::to_string)
                .unwrap_or_default(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}
