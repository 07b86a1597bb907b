//! Values in, text out. Nothing here reads or prints.

mod comparison;
mod dedupe;
mod failure;
mod json;
mod obstacles;
mod repair;
mod show;
mod size;
mod size_html;
mod slim;
mod tree;
mod words;

pub use comparison::comparison;
pub use dedupe::{dedupe_json, dedupe_line, dedupe_text, undo_line};
pub use failure::failure;
pub use json::{Ending, Outcome, repair_json};
pub use repair::{RepairSummary, note_text, plan_text, success};
pub use show::{show_json, show_text};
pub use size::{size_json, size_text};
pub use size_html::size_html;
pub use slim::{slim_json, slim_line, slim_text};
pub use tree::{inverted_text, tree_dot, tree_json, tree_mermaid, tree_text};
pub use words::bytes;
