//! What a build has on the machine: pip as the engine, the Python and the Alpine it is for, the folder
//! that the wheels go to.

mod answers;
mod child;
mod files;
mod interpreter;
mod machine;
mod pip;
mod target;
mod wheelhouse;

pub use answers::{StandIn, Unreached};
pub use files::{absolute, is_same_file, local_file, read_text, sha256_of, size_of, surroundings};
pub use machine::{cores, free_memory, variables};
pub use pip::{Engine, Pip, PipOptions};
pub use target::{TargetAsked, find_target};
pub use wheelhouse::Wheelhouse;
