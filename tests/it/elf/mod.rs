//! Reading, editing, stripping and comparing ELF files.

mod builder;
mod corpus;
mod edit;
mod edit_combined;
mod edit_files;
mod edit_machines;
mod edit_makers;
mod edit_single;
mod fuzz_replay;
mod laws;
mod same_build;
mod verify;
