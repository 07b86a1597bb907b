//! What a Python source mentions: modules that it imports, and names in its strings.
//!
//! Only tokens are read, not the grammar: that holds for every version of the language, and for
//! files that no interpreter would take. Whatever is unclear counts as mentioned.

mod scan;
mod tokens;

pub use scan::{Import, Mentions, scan};
