//! What is in a file: each fact read in one place.

pub(crate) mod attributes;
pub(crate) mod binding_needs;
pub(crate) mod dotted_names;
pub(crate) mod dynamic;
pub(crate) mod facts;
pub(crate) mod hash_table;
pub(crate) mod header;
pub(crate) mod image;
pub(crate) mod init_arguments;
pub(crate) mod links;
pub(crate) mod load_facts;
pub(crate) mod machine;
pub(crate) mod notes;
pub(crate) mod object;
pub(crate) mod relocations;
pub(crate) mod section;
pub(crate) mod section_numbers;
pub(crate) mod segment;
pub(crate) mod string_users;
pub(crate) mod symbol_count;
pub(crate) mod symbols;
pub(crate) mod tables;
pub(crate) mod versions;
