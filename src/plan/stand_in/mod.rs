//! What other tools are asked for under their names.

pub(in crate::plan) mod auditwheel;
pub(in crate::plan) mod auditwheel_select;
pub(in crate::plan) mod auditwheel_tree;
pub(in crate::plan) mod patchelf;
