//! What other files hold of the ABI, made from it alone.

mod c_table;
mod dotnet;
mod dotnet_values;
mod held;
mod java;
mod java_text;
mod java_values;
mod meanings;
mod names;
mod node;
mod node_types;
mod source_text;

pub(crate) use c_table::c_table;
pub(crate) use held::held;
