//! What a Python source mentions: modules that it imports, names in its strings, folders that it
//! makes paths of; and what an `entry_points.txt` does.
//!
//! Only tokens are read, not the grammar: that holds for every version of the language, and for
//! files that no interpreter would take. Whatever is unclear counts as mentioned.

mod entry_points;
mod paths;
mod scan;
mod tokens;

pub use entry_points::{entry_point_modules, start_modules};
pub use paths::{Paths, paths};
pub use scan::{Import, Mentions, scan};
