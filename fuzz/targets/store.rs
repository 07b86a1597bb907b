//! libFuzzer's entry to `wheelfix_fuzz::store`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheelfix_fuzz::store;

fuzz_target!(|bytes: &[u8]| store::check(bytes));
