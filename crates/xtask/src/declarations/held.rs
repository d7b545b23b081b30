//! The files of other languages that hold something of the ABI.

use super::dotnet::dotnet;
use super::dotnet_values::dotnet_values;
use super::{java::java, java_values::java_values, meanings, node::node};
use crate::abi::Abi;

const CPP: &str = "bindings/cpp/polyai_chat/enums.hpp";
const PYTHON: &str = "bindings/python/chat/polyai_chat/_errors.py";

/// Each with its path and what should be in it; `is` gives what is in a file now.
pub(crate) fn held(
    abi: &Abi,
    is: &dyn Fn(&str) -> String,
) -> Result<Vec<(String, String)>, String> {
    let mut files = vec![
        (CPP.to_owned(), meanings::in_cpp(abi, &is(CPP))?),
        (PYTHON.to_owned(), meanings::in_python(&is(PYTHON))?),
    ];
    files.extend(dotnet(abi));
    files.extend(dotnet_values(abi));
    files.extend(java(abi));
    files.extend(java_values(abi));
    files.extend(node(abi));
    Ok(files)
}
