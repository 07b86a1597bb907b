//! What the fuzzer tries, as plain functions: each takes any bytes and panics if the program does
//! not keep a promise. `targets/` gives them to libFuzzer; `tests/it/elf/fuzz_replay.rs` calls them with
//! every input that once found something.

pub mod archive;
pub mod edit;
pub mod folders;
pub mod headers;
pub mod mutate;
pub mod paths;
pub mod port;
pub mod read;
pub mod record;
pub mod repair;
pub mod store;
pub mod tree;
pub mod wheels;
