//! Installed trees: read whole, and changed step by step.

mod apply_tree;
mod change_file;
mod delta;
mod gather_tree;
mod root;
mod seen;
mod slim_facts;
mod slim_tree;
mod store;
mod twins;
mod undo_tree;

pub use apply_tree::apply_dedupe;
pub use gather_tree::{GatheredTree, gather_tree};
pub use root::TreeRoot;
pub use slim_facts::{SlimFacts, slim_facts, wheel_facts};
pub use slim_tree::{Slimmed, slim_tree};
pub use twins::{Likeness, Twins, find_twins};
pub use undo_tree::{Undone, take_back, undo_dedupe};
