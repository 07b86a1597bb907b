//! A change planned over a file's tables, laid out and written.

pub(crate) mod apply;
pub(crate) mod apply_needs;
pub(crate) mod apply_symbols;
pub(crate) mod change;
pub(crate) mod draft;
pub(crate) mod header_change;
pub(crate) mod layout;
pub(crate) mod list;
pub(crate) mod new_segment;
pub(crate) mod plan;
pub(crate) mod space;
pub(crate) mod string_table;
pub(crate) mod survey;
pub(crate) mod symbol_changes;
