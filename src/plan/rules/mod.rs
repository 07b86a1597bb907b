//! The rules of `check`, by what they are about: each is declared whole in one block.

pub(in crate::plan) mod archive;
pub(in crate::plan) mod choice;
pub(in crate::plan) mod degree;
pub(in crate::plan) mod fault;
pub(in crate::plan) mod files;
pub(in crate::plan) mod floors;
pub(in crate::plan) mod needs;
pub(in crate::plan) mod rule;
pub(in crate::plan) mod tags;

const BUILD_AGAIN: &str = "build the wheel again with a current build backend";
const REPAIR: &str = "`wheelfix repair` the wheel where its libraries are installed";
const REPAIR_TAGS: &str = "`wheelfix repair` writes the tags that the content deserves";
