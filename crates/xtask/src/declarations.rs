//! What other files hold of the ABI, made from it alone.

mod c_table;
mod dotnet;
mod dotnet_values;
mod meanings;

pub(crate) use c_table::c_table;
pub(crate) use dotnet::dotnet;
pub(crate) use dotnet_values::dotnet_values;
pub(crate) use meanings::{in_cpp, in_python};
