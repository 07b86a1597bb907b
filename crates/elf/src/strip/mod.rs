//! What a file can lose, and the file without it.

pub(crate) mod compact;
pub(crate) mod debug_file;
pub(crate) mod debug_link;
pub(crate) mod names;
pub(crate) mod plan;
pub(crate) mod squeeze;
pub(crate) mod symbols;
pub(crate) mod write;
