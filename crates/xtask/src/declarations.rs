//! What other files hold of the ABI, made from it alone.

mod c_table;
mod meanings;

pub(crate) use c_table::c_table;
pub(crate) use meanings::{in_cpp, in_python};
