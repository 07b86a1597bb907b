//! libFuzzer's entry to `wheelfix_fuzz::headers`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheelfix_fuzz::headers;

fuzz_target!(|bytes: &[u8]| headers::check(bytes));
