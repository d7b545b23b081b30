//! From the texts of `crates/ffi` to the [`Abi`].

use std::collections::BTreeSet;
use std::path::Path;

use crate::abi::{Abi, Function, Numbers, Type, TypeKind};
use crate::constants::Constants;
use crate::{exports, header, types};

/// The texts that the header is made from.
pub(crate) struct Sources {
    /// Name without `.rs`, and text.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) constants: String,
    pub(crate) first_page: String,
}

impl Sources {
    pub(crate) fn read(ffi: &Path) -> Result<Sources, String> {
        let at = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| at(path, error));
        let folder = ffi.join("src");
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| at(&folder, error))? {
            let path = entry.map_err(|error| at(&folder, error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(stem) = name.strip_suffix(".rs") {
                files.push((stem.to_owned(), read(&path)?));
            }
        }
        files.sort_by_key(|(stem, _)| (header::section_number(stem), stem.clone()));
        Ok(Sources {
            files,
            constants: read(&folder.join("constants.rs"))?,
            first_page: read(&ffi.join("first_page.txt"))?,
        })
    }

    /// Everything that is wrong with functions is said at once, a line each.
    pub(crate) fn abi(&self) -> Result<Abi, String> {
        let constants =
            Constants::read(&self.constants).map_err(|error| format!("constants.rs: {error}"))?;
        let (mut functions, mut wrong) = (Vec::new(), Vec::new());
        for (stem, text) in &self.files {
            for exported in exports::read(text).map_err(|error| format!("{stem}.rs: {error}"))? {
                match exported.function(stem, &constants.types) {
                    Ok(function) => functions.push(function),
                    Err(error) => wrong.push(format!("{} ({stem}.rs): {error}", exported.name)),
                }
            }
        }
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        let (newest, oldest) = (
            constants.number("POLYAI_ABI_VERSION")?,
            constants.number("POLYAI_ABI_OLDEST")?,
        );
        // Only a break changes the name: programs of the oldest ABI that is still served must find the library.
        let numbers = Numbers {
            newest,
            oldest,
            soname: format!("libpolyai_chat.so.{oldest}"),
        };
        let types = handles(&functions)
            .into_iter()
            .chain(constants.types)
            .collect();
        Ok(Abi {
            numbers,
            types,
            constants: constants.public,
            functions,
        })
    }
}

/// The handles that the functions speak of.
fn handles(functions: &[Function]) -> Vec<Type> {
    let mut used = BTreeSet::new();
    for function in functions {
        used.extend(
            function
                .parameters
                .iter()
                .filter_map(|parameter| parameter.handle.as_ref()),
        );
        used.extend(function.returns.handle.as_ref());
    }
    let mut handles = Vec::new();
    for (name, doc) in types::handles().filter(|(name, _)| used.contains(name)) {
        let free = format!("{name}_free");
        let doc = vec![format!("{doc} Freed by {free}.")];
        handles.push(Type {
            name,
            kind: TypeKind::Opaque { free },
            doc,
        });
    }
    handles
}
