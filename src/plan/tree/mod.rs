//! What makes an installed tree small.

pub(in crate::plan) mod classes;
pub(in crate::plan) mod dedupe;
pub(in crate::plan) mod dedupe_losses;
pub(in crate::plan) mod dedupe_store;
pub(in crate::plan) mod dedupe_strangers;
pub(in crate::plan) mod includes;
pub(in crate::plan) mod kinds;
pub(in crate::plan) mod simulate;
pub(in crate::plan) mod size;
pub(in crate::plan) mod slim;
pub(in crate::plan) mod slim_readers;
pub(in crate::plan) mod slim_sources;
pub(in crate::plan) mod slim_tests;
pub(in crate::plan) mod slim_wheel;
pub(in crate::plan) mod tree_plan;
