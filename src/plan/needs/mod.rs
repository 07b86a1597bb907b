//! What the files of a package need, and where each need is met.

pub(in crate::plan) mod exclusions;
pub(in crate::plan) mod foreign;
pub(in crate::plan) mod hindrance;
pub(in crate::plan) mod imports;
pub(in crate::plan) mod installed;
pub(in crate::plan) mod links;
pub(in crate::plan) mod no_module;
pub(in crate::plan) mod obstacle;
pub(in crate::plan) mod old_python;
pub(in crate::plan) mod outside;
pub(in crate::plan) mod settle;
pub(in crate::plan) mod subject;
pub(in crate::plan) mod target;
pub(in crate::plan) mod unloadable;
pub(in crate::plan) mod world;
