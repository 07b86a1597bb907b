//! A wheelhouse from requirements: what is locked, how each package comes to be a wheel, what a
//! failed build lacks.

pub(super) mod choice;
pub(super) mod cure;
pub(super) mod fault;
pub(super) mod jobs;
pub(super) mod lack;
pub(super) mod lock;
pub(super) mod lock_made;
mod providers;
pub(super) mod record;
pub(super) mod target;
