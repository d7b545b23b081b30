//! What differs between systems, for all rooms: one subject a file, each with the same functions for every system.

pub(crate) mod address_space;
pub(crate) mod fork;
pub(crate) mod pair;
pub(crate) mod places;
pub(crate) mod rights;
pub(crate) mod signals;
pub(crate) mod stack;
