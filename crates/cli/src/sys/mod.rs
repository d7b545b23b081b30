//! What differs between systems on the command line, one subject a file.

pub(crate) mod descriptors;
pub(crate) mod own_files;
pub(crate) mod places;
pub(crate) mod signals;
