//! What the types of `crates/ffi` are in C, and what a parameter of such a type promises.

use crate::abi::{Neutral, Notice, Ownership, Parameter, Return, Role, Type, TypeKind};

const SCALARS: [(&str, &str, Neutral); 7] = [
    ("bool", "bool", Neutral::Bool),
    ("i32", "int32_t", Neutral::I32),
    ("u32", "uint32_t", Neutral::U32),
    ("u64", "uint64_t", Neutral::U64),
    ("usize", "size_t", Neutral::Size),
    ("c_char", "char", Neutral::Text),
    ("c_void", "void", Neutral::Pointer),
];

/// `*mut *const c_char` is `const char **`.
pub(crate) fn c_type(rust: &syn::Type) -> Result<String, String> {
    match rust {
        syn::Type::Ptr(pointer) => {
            let to = c_type(&pointer.elem)?;
            Ok(match (to.ends_with('*'), pointer.const_token) {
                (true, _) => format!("{to}*"),
                (false, None) => format!("{to} *"),
                (false, Some(_)) => format!("const {to} *"),
            })
        }
        syn::Type::Path(path) => {
            let name = path.path.segments.last();
            let name = name.map(|last| last.ident.to_string()).unwrap_or_default();
            match SCALARS.iter().find(|(scalar, ..)| *scalar == name) {
                Some((_, c, _)) => Ok((*c).to_owned()),
                None if name.starts_with("polyai_") => Ok(name),
                None => Err(format!("`{name}` is no type of C")),
            }
        }
        _ => Err(
            "its type is none of C; right would be a number, a pointer or a `polyai_` type"
                .to_owned(),
        ),
    }
}

/// What is known of the types.
pub(crate) struct Types<'a>(pub(crate) &'a [Type]);

impl Types<'_> {
    fn find(&self, name: &str) -> Option<&TypeKind> {
        let mut types = self.0.iter();
        types
            .find(|defined| defined.name == name)
            .map(|defined| &defined.kind)
    }

    /// The handle that `const polyai_config *` is.
    fn handle(&self, c: &str) -> Option<String> {
        let name = base(c);
        matches!(self.find(name), Some(TypeKind::Opaque { .. })).then(|| name.to_owned())
    }

    /// Of what is there when all pointers are followed.
    fn neutral(&self, c: &str) -> Result<Neutral, String> {
        let name = base(c);
        match self.find(name) {
            Some(TypeKind::Opaque { .. }) => Ok(Neutral::Handle),
            Some(TypeKind::Integer { neutral, .. }) => Ok(*neutral),
            Some(TypeKind::Callback { .. }) => Ok(Neutral::Callback),
            None => SCALARS
                .iter()
                .find(|(_, scalar, _)| *scalar == name)
                .map(|(.., neutral)| *neutral)
                .ok_or_else(|| format!("`{name}` is a type that constants.rs does not have")),
        }
    }

    pub(crate) fn returned(
        &self,
        rust: Option<&syn::Type>,
        notice: Option<&Notice>,
        has_owner: bool,
    ) -> Result<Return, String> {
        let Some(rust) = rust else {
            return Ok(Return {
                c: "void".to_owned(),
                neutral: Neutral::Nothing,
                handle: None,
                nullable: false,
                ownership: None,
            });
        };
        let c = c_type(rust)?;
        let handle = self.handle(&c);
        let ownership = match (&handle, c.as_str()) {
            (Some(_), _) => Some(Ownership::Given),
            (None, "const char *") if has_owner => Some(Ownership::OfFirstArgument),
            (None, "const char *") => Some(Ownership::Static),
            _ => None,
        };
        let neutral =
            match notice.is_some_and(|notice| notice.bytes.iter().any(|of| of == "result")) {
                true => Neutral::Bytes,
                false => self.neutral(&c)?,
            };
        Ok(Return {
            neutral,
            nullable: ownership.is_some(),
            c,
            handle,
            ownership,
        })
    }

    /// The parameters of a function or of a callback, which has no notice.
    pub(crate) fn parameters(
        &self,
        written: &[(String, syn::Type)],
        notice: Option<&Notice>,
    ) -> Result<Vec<Parameter>, String> {
        let mut parameters: Vec<Parameter> = Vec::new();
        for (name, rust) in written {
            let c = c_type(rust).map_err(|error| format!("{name}: {error}"))?;
            let before = parameters
                .last()
                .map(|before| (before.name.clone(), before.role));
            let stated = notice.is_some_and(|notice| notice.nullable.contains(name));
            let bytes = notice
                .is_some_and(|notice| notice.bytes.iter().any(|of| of == &format!("*{name}")));
            let parameter = self.parameter(name, c, before, stated, bytes);
            parameters.push(parameter.map_err(|error| format!("{name}: {error}"))?);
        }
        let buffer = parameters
            .iter()
            .find(|parameter| parameter.role == Role::Buffer);
        if let Some(buffer) = buffer.map(|buffer| buffer.name.clone()) {
            let of_text = |parameter: &&mut Parameter| parameter.role == Role::OutLength;
            for length in parameters.iter_mut().filter(of_text) {
                length.of = Some(buffer.clone());
                length.nullable = false;
            }
        }
        Ok(parameters)
    }

    fn parameter(
        &self,
        name: &str,
        c: String,
        before: Option<(String, Role)>,
        stated: bool,
        bytes: bool,
    ) -> Result<Parameter, String> {
        use Ownership::{Borrowed, Given, Kept, OfFirstArgument};

        let handle = self.handle(&c);
        let neutral = self.neutral(&c)?;
        let stars = c.matches('*').count();
        // The one before, where this is its size.
        let sized = before.clone().filter(|(text, role)| match role {
            Role::Text => name == format!("{text}_length") || name == "length",
            Role::Buffer => name == "capacity",
            _ => false,
        });
        let mut of = None;
        let needs_size = |(_, role): &(String, Role)| matches!(role, Role::Text | Role::Buffer);
        if sized.is_none() && before.as_ref().is_some_and(needs_size) {
            return Err("a text or buffer is before it; right would be its size, `..._length: usize` or `capacity: usize`".to_owned());
        }
        let (role, nullable, ownership) = match (neutral, stars) {
            (Neutral::Handle, 1) => (Role::Handle, stated, Some(Borrowed)),
            (Neutral::Handle, 2) if name == "error" => (Role::Error, true, Some(Given)),
            (Neutral::Handle, 2) => (Role::OutHandle, stated, Some(Given)),
            (Neutral::Text, 1) if c == "char *" => (Role::Buffer, true, Some(Borrowed)),
            (Neutral::Text, 1) => (Role::Text, stated, Some(Borrowed)),
            (Neutral::Text, 2) => (Role::OutText, true, Some(OfFirstArgument)),
            (Neutral::Pointer, 1) => (Role::UserData, true, Some(Kept)),
            (Neutral::Callback, 0) if c == "polyai_release_callback" => {
                (Role::Release, true, Some(Kept))
            }
            (Neutral::Callback, 0) => (Role::Callback, false, Some(Kept)),
            (Neutral::Size, 0) => match sized {
                Some((text, Role::Buffer)) => {
                    of = Some(text);
                    (Role::Capacity, false, None)
                }
                Some((text, _)) => {
                    of = Some(text);
                    (Role::Length, false, None)
                }
                None => (Role::Value, false, None),
            },
            (Neutral::Size, 1) if name == "length" || name.ends_with("_length") => {
                of = Some(name.strip_suffix("_length").unwrap_or("result").to_owned());
                (Role::OutLength, true, None)
            }
            (Neutral::Bool | Neutral::I32 | Neutral::U32 | Neutral::U64, 0) => {
                (Role::Value, false, None)
            }
            (Neutral::Bool | Neutral::I32 | Neutral::U32 | Neutral::U64 | Neutral::Size, 1) => {
                (Role::OutValue, stated, None)
            }
            _ => return Err(format!("nothing is known of a `{c}`")),
        };
        Ok(Parameter {
            name: name.to_owned(),
            neutral: if bytes { Neutral::Bytes } else { neutral },
            role,
            of,
            handle,
            nullable,
            ownership,
            c,
        })
    }
}

/// The type without `const` and pointers.
fn base(c: &str) -> &str {
    c.trim_start_matches("const ")
        .trim_end_matches('*')
        .trim_end()
}
