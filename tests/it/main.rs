//! All tests but the cases (`tests/cases/`), as one program with a module per subject:
//! `cargo test --test it elf::edit` runs one.
//!
//! Tests run side by side in one process. One that needs an environment, a current folder, limits or
//! signals of its own starts a child and gives them to that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

#[macro_use]
mod support;

mod alpine;
mod architecture;
mod archive_laws;
mod build;
mod debug;
mod elf;
mod faults;
mod glibc;
mod hostile;
mod library;
mod odd_wheels;
mod package;
mod pairs;
mod port;
mod record_rows;
mod resolve;
mod trees;
mod truth;
