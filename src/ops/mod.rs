//! Each command as a function: options in, an outcome out. Nothing here prints or reads a command
//! line; what goes wrong is an [`Error`](crate::error::Error), what was found is in the outcome.
//!
//! A command that changes something has two steps, so that a caller can look between them: one
//! that plans (`repair::Repair::gather`, then `plan`; `dedupe::plan`, `slim::plan`) and one that
//! does what the plan says. Long work tells a [`Progress`](crate::host::Progress) how far it is;
//! [`Unwatched`](crate::host::Unwatched) listens to nothing.
//!
//! `examples/repair.rs` and `examples/check.rs` show both kinds.

pub mod auditwheel;
pub mod batch;
pub mod build;
pub mod check;
pub mod dedupe;
pub mod lddtree;
pub mod patchelf;
pub mod port;
pub mod repair;
pub mod show;
pub mod size;
pub mod slim;
mod world;

pub use world::{World, WorldOptions};
