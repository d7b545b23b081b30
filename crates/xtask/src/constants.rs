//! The items of `constants.rs`: typedefs and numbers.

use crate::abi::{Constant, Type, TypeKind, Value};
use crate::exports::{doc_lines, type_name};
use crate::{header, types};

pub(crate) struct Constants {
    pub(crate) types: Vec<Type>,
    pub(crate) public: Vec<Constant>,
    /// Those that the library keeps for itself.
    private: Vec<Constant>,
}

impl Constants {
    pub(crate) fn read(text: &str) -> Result<Constants, String> {
        let file = syn::parse_file(text).map_err(|error| error.to_string())?;
        let mut constants = Constants {
            types: Vec::new(),
            public: Vec::new(),
            private: Vec::new(),
        };
        for item in &file.items {
            match item {
                syn::Item::Type(item) => constants.types.push(typedef(item, text)?),
                syn::Item::Const(item) => {
                    let constant =
                        constant(item).map_err(|error| format!("{}: {error}", item.ident))?;
                    match item.vis {
                        syn::Visibility::Public(_) => constants.public.push(constant),
                        _ => constants.private.push(constant),
                    }
                }
                _ => {}
            }
        }
        Ok(constants)
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64, String> {
        let found = self
            .public
            .iter()
            .chain(&self.private)
            .find(|constant| constant.name == name);
        match found.map(|constant| &constant.value) {
            Some(Value::Number(number)) => Ok(*number),
            _ => Err(format!(
                "constants.rs: no number {name}; right would be `const {name}: u32 = 1;`"
            )),
        }
    }
}

fn typedef(item: &syn::ItemType, text: &str) -> Result<Type, String> {
    let name = item.ident.to_string();
    let kind = match type_name(&item.ty)?.as_str() {
        "Option" => TypeKind::Callback {
            signature: header::callback(text, &name)?,
        },
        integer => {
            let c = types::scalar(integer)
                .ok_or_else(|| format!("{name}: `{integer}` is no integer of C"))?;
            TypeKind::Integer { c: c.to_owned() }
        }
    };
    Ok(Type {
        name,
        kind,
        doc: doc_lines(&item.attrs),
    })
}

fn constant(item: &syn::ItemConst) -> Result<Constant, String> {
    let of = type_name(&item.ty)?;
    let c = types::scalar(&of).map_or(of, str::to_owned);
    let (value, literal) = match &*item.expr {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Int(number),
            ..
        }) => {
            let number: u64 = number.base10_parse().map_err(|error| error.to_string())?;
            // No cast, so that the preprocessor can compare it.
            let literal = match c.as_str() {
                "uint64_t" => format!("UINT64_C({number})"),
                "int32_t" => number.to_string(),
                _ => format!("{number}u"),
            };
            (Value::Number(number), literal)
        }
        syn::Expr::Path(path)
            if c == "size_t"
                && path
                    .path
                    .segments
                    .last()
                    .is_some_and(|name| name.ident == "MAX") =>
        {
            (Value::Limit("SIZE_MAX".to_owned()), "SIZE_MAX".to_owned())
        }
        _ => {
            return Err(
                "its value is not known; right would be a number or `usize::MAX`".to_owned(),
            );
        }
    };
    Ok(Constant {
        name: item.ident.to_string(),
        c,
        value,
        doc: doc_lines(&item.attrs),
        literal,
    })
}

#[cfg(test)]
mod tests {
    use super::Constants;

    #[test]
    fn what_c_cannot_have_is_refused() {
        for (item, said) in [
            (
                "pub type polyai_name = String;",
                "polyai_name: `String` is no integer of C",
            ),
            (
                "pub const POLYAI_SUM: u32 = 1 + 1;",
                "POLYAI_SUM: its value is not known",
            ),
        ] {
            let error = Constants::read(item).err().unwrap_or_default();
            assert!(error.contains(said), "{item}: {error}");
        }
        let none = Constants::read("").unwrap();
        assert!(
            none.number("POLYAI_ABI_VERSION")
                .unwrap_err()
                .contains("no number POLYAI_ABI_VERSION")
        );
    }
}
