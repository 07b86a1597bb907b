//! libFuzzer's entry to `wheelfix_fuzz::archive`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheelfix_fuzz::archive;

fuzz_target!(|bytes: &[u8]| archive::check(bytes));
