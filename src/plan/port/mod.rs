//! A wheel for glibc made one for musl: what each name it asks for becomes, or why it cannot be.
//!
//! `world` is what a loader of glibc would see, without glibc; `bindings` says who defines each name
//! there; `fates` what becomes of it; `plan` makes plans of wheels; `proof` looks at what was written.

pub(super) mod bindings;
mod cancel;
pub(super) mod fates;
pub(super) mod grafts;
pub(super) mod input;
pub(super) mod library;
pub(super) mod obstacle;
pub(super) mod plan;
pub(super) mod proof;
pub(super) mod provenance;
pub(super) mod world;
