//! What the fuzzer tries, as plain functions: each takes any bytes and panics if the crate does
//! not keep a promise. `targets/` gives them to libFuzzer; `tests/fuzz_replay.rs` calls them with
//! every input that once found something.

pub mod edit;
pub mod mutate;
pub mod read;
