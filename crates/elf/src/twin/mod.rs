//! Whether two files are one build; uses `read` only.

pub(crate) mod decoded;
pub(crate) mod regions;
pub(crate) mod same_build;
