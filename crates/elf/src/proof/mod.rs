//! Whether an edited file is what was asked and nothing else; uses `read` only.

pub(crate) mod compare;
pub(crate) mod debug;
pub(crate) mod facts;
pub(crate) mod headers;
pub(crate) mod loaded_bytes;
pub(crate) mod renamed_symbols;
pub(crate) mod same;
pub(crate) mod second_reader;
pub(crate) mod sections;
pub(crate) mod structure;
pub(crate) mod tables;
pub(crate) mod unpacked;
pub(crate) mod verify;
pub(crate) mod versions;
