//! Declarations that other programs need of every function, made from the ABI alone.

mod c_table;

pub(crate) use c_table::c_table;
