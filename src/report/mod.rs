//! Values in, text out. Nothing here reads or prints.

mod auditwheel;
mod auditwheel_tree;
mod check;
mod comparison;
mod dedupe;
mod failure;
mod json;
mod obstacles;
mod port;
mod port_obstacles;
mod repair;
mod rules;
mod show;
mod size;
mod size_html;
mod slim;
mod tree;
mod words;

pub use auditwheel::{audit_json, audit_pure_json, audit_refused_json, audit_text, refusal_text};
pub use auditwheel_tree::{LOG_PREFIX, audit_tree_json};
pub use check::{Checked, check_github, check_json, check_sarif, check_summary, check_text};
pub use comparison::comparison;
pub use dedupe::{dedupe_json, dedupe_line, dedupe_text, undo_line};
pub use failure::failure;
pub use json::{Ending, Outcome, repair_json};
pub use port::{PortSummary, Ported, explained, port_json, ported};
pub use repair::{RepairSummary, note_text, plan_text, success};
pub use rules::{rule_list, rule_text, rules_json};
pub use show::{Shown, left_out_text, show_json, show_text};
pub use size::{size_json, size_text};
pub use size_html::size_html;
pub use slim::{slim_all_json, slim_failed_json, slim_json, slim_line, slim_text};
pub use tree::{inverted_text, tree_dot, tree_json, tree_mermaid, tree_text};
pub use words::bytes;
