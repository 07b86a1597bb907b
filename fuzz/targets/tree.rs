//! libFuzzer's entry to `wheelfix_fuzz::tree`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheelfix_fuzz::tree;

fuzz_target!(|bytes: &[u8]| tree::check(bytes));
