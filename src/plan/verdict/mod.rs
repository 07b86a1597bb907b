//! What is true of a package, and what is not as it says.

pub(in crate::plan) mod check;
pub(in crate::plan) mod check_needs;
pub(in crate::plan) mod glibc_floor;
pub(in crate::plan) mod inspect;
pub(in crate::plan) mod unbrought_versions;
