//! What other files hold of the ABI, made from it alone.

mod c_table;
mod java;
mod java_text;
mod java_values;
mod meanings;

pub(crate) use c_table::c_table;
pub(crate) use java::java;
pub(crate) use java_values::java_values;
pub(crate) use meanings::{in_cpp, in_python};
