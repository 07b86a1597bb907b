//! libFuzzer's entry to `wheelfix_fuzz::paths`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheelfix_fuzz::paths;

fuzz_target!(|bytes: &[u8]| paths::check(bytes));
