//! libFuzzer's entry to `wheelfix_fuzz::record`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheelfix_fuzz::record;

fuzz_target!(|bytes: &[u8]| record::check(bytes));
