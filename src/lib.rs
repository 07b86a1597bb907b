//! wheelfix: Python wheels built on Alpine (musl) made fit to ship, and installed trees
//! small.
//!
//! Every command is a walk along a part of one flow:
//!
//! ```text
//! gather ─► resolve ─► plan ─► apply ─► report
//! ```
//!
//! | floor | module | what lives there |
//! | --- | --- | --- |
//! | 8 | [`cli`] | one file a subcommand; prints |
//! | 7 | [`ops`] | each command as a function: options in, an outcome out |
//! | 6 | [`host`] | the only one that touches the machine |
//! | 6 | [`report`] | values in, text out |
//! | 5 | [`error`] | what went wrong, where, what to do |
//! | 4 | [`plan`] | what will change, as a value |
//! | 3 | [`policy`] | what may stay outside, where a file runs |
//! | 2 | [`resolve`] | who loads whom, by musl's and glibc's rules |
//! | 1 | [`elf`] | bytes in, facts or bytes out: the package `wheelfix-elf` |
//! | 1 | [`packages`] | which package of a system brought a file |
//! | 1 | [`python`] | what a Python source mentions |
//! | 1 | [`wheel`] | names, tags, RECORD, the archive |
//!
//! A module uses lower floors only; `tests/it/architecture/` reads the `use` lines.
//! The library is the program's inside: its names may change with every release. [`ops`] is where a
//! caller begins.

pub mod cli;
pub mod error;
pub mod host;
pub mod ops;
pub mod packages;
pub mod plan;
pub mod policy;
pub mod python;
pub mod report;
pub mod resolve;
pub mod wheel;

pub use wheelfix_elf as elf;
