//! The house rules, read from the sources: which module may use which, and what lives where.
//!
//! So the ELF package can be published alone, deciding (`plan/`) never does anything, and only `host/`
//! and `cli/` touch the machine.

mod circles;
mod floors;
mod graph;
mod names;
mod opened;
mod shape;
mod shown;
mod source;
mod tools;
mod wall;
mod words;

/// Fails with every complaint, a line each.
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
