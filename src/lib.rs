//! wheelfix: Python wheels built on Alpine made fit to ship.
pub mod elf;
pub mod wheel;
