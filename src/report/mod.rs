//! Values in, text out. Nothing here reads or prints.

mod failure;
mod json;
mod obstacles;
mod repair;
mod words;

pub use failure::failure;
pub use json::{Ending, Outcome, repair_json};
pub use repair::{RepairSummary, note_text, plan_text, success};
pub use words::bytes;
