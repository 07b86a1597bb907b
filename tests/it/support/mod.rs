//! What tests share.

pub mod bomb;
pub mod bounded;
pub mod command;
pub mod elf_builder;
#[macro_use]
pub mod elf_workshop;
pub mod fault;
pub mod hostile;
pub mod installed_tree;
pub mod loaders;
pub mod scratch;
pub mod small_world;
pub mod sparse;
pub mod stage;
pub mod tools;
pub mod wheel_builder;
pub mod wheels;
